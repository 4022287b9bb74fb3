/** A machine that has no time for a life as long as this one will not have it for a longer one. */
const LIFE_SECONDS_MAX = 64;

/**
 * Comes in by a credential that lives as short as this machine has time for, so that its end can be waited for.
 * @template T
 * @param {(lifeSeconds: number) => Promise<T>} comeIn Does all that must be done before the credential ends, and rejects
 *   if that was too much for its life. It is then done again with a longer one.
 * @returns {Promise<T>} What the last `comeIn` gave.
 */
export async function shortLived(comeIn) {
  for (let lifeSeconds = 2; ; lifeSeconds *= 2) {
    try {
      return await comeIn(lifeSeconds);
    } catch (error) {
      if (lifeSeconds >= LIFE_SECONDS_MAX) throw error;
    }
  }
}
