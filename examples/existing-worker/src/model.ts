/** What the Worker answers and the page reads. */

export interface Game {
  id: string;
  title: string;
}

export interface Profile {
  id: string;
  name: string;
  image: string | null;
}
