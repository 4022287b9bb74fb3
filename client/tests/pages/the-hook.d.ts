/** What the pages are built with in its place: one of the hooks. */
declare module "the-hook" {
  export function useUserSession(options: any): any;
}
