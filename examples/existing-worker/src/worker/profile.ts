/** The user's profile: D1 has it, KV remembers it for some minutes. */
import type { Profile } from "../model";

/** KV keeps nothing for less than 60 s. */
const REMEMBERED_SECONDS = 300;

const keyOf = (userId: string) => `profile:${userId}`;

export async function profileOf(env: Env, userId: string): Promise<Profile | null> {
  const remembered = await env.PROFILES.get<Profile>(keyOf(userId), "json");
  if (remembered) return remembered;
  const query = env.DB.prepare('SELECT id, name, image FROM "user" WHERE id = ?').bind(userId);
  const profile = await query.first<Profile>();
  if (profile) {
    const options = { expirationTtl: REMEMBERED_SECONDS };
    await env.PROFILES.put(keyOf(userId), JSON.stringify(profile), options);
  }
  return profile;
}

export async function forgetProfile(env: Env, userId: string): Promise<void> {
  await env.PROFILES.delete(keyOf(userId));
}
