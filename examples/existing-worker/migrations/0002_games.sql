-- The truth about who plays what. The session object announces it and is put right from here.
CREATE TABLE "game" (
  "id" text NOT NULL PRIMARY KEY,
  "title" text NOT NULL
);

CREATE TABLE "game_player" (
  "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE,
  "gameId" text NOT NULL REFERENCES "game" ("id") ON DELETE CASCADE,
  "joinedAt" integer NOT NULL,
  PRIMARY KEY ("userId", "gameId")
) WITHOUT ROWID;

INSERT INTO "game" ("id", "title") VALUES ('chess', 'Chess'), ('go', 'Go'), ('hex', 'Hex');
