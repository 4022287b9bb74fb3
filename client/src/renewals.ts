/** Whether a refusal is the end, or there is something else to send. */
import type { ConnectionSettings, Ending } from "./connection-types.js";

/** So many tokens in a row are tried as soon as they are set. */
const TRIED_AT_ONCE = 2;

export class Renewals {
  #settings: Pick<ConnectionSettings, "token" | "takeOtherToken">;
  /** The refusal after which it was tried once more, but not with the same token if that was never good. */
  #refusal: { token?: string | null; reason: string } | null = null;
  /** How many connections in a row were let in in vain. */
  #inVain = 0;
  /** How often in a row it was over before anything was let in. */
  #ends = 0;

  constructor(settings: Pick<ConnectionSettings, "token" | "takeOtherToken">) {
    this.#settings = settings;
  }

  /**
   * It is tried from the start.
   * @param isRenewed Whether a new token is why: one after the other that is refused must not be tried as
   *   fast as they are made.
   * @returns For how many failures to wait, `null` for not at all.
   */
  begin(isRenewed: boolean): number | null {
    this.#refusal = null;
    if (!isRenewed) this.#ends = 0;
    return this.#ends < TRIED_AT_ONCE ? null : this.#ends - TRIED_AT_ONCE;
  }

  /** The server lets it in. */
  letIn(): void {
    this.#refusal = null;
    this.#ends = 0;
  }

  /** It is over. */
  ended(): void {
    this.#ends++;
  }

  /** Why a token need not be sent, `null` if it may be good. */
  reasonAgainst(token: string | null): string | null {
    return this.#refusal?.token === token ? this.#refusal.reason : null;
  }

  /**
   * Notes a refusal. @returns Whether something can be sent that the server has not refused: what let a connection in may have
   * been renewed since, a token may have been set while another was on its way, and a function may give
   * another than one that it had kept.
   * @param token What was sent.
   * @param wasLetIn Whether it was good once.
   */
  noteRefusal(ending: Ending | undefined, token: string | null, wasLetIn: boolean, reason: string): boolean {
    const isUnauthorized = ending === "unauthorized";
    if (!isUnauthorized && ending !== "forbidden") return false;
    const isAnother = (isUnauthorized && wasLetIn) || this.#settings.takeOtherToken(token);
    const isAskable = isUnauthorized && !this.#refusal && typeof this.#settings.token() === "function";
    if (isAnother) this.#refusal = { reason };
    else if (isAskable) this.#refusal = { token, reason };
    return isAnother || isAskable;
  }

  /** @param isShort Whether a connection was let in, and its credential had ended at once. @returns Whether to wait. */
  noteRenewal(isShort: boolean): boolean {
    this.#inVain = isShort ? this.#inVain + 1 : 0;
    return this.#inVain > 1;
  }
}
