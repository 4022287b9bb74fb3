/** Which versions of the protocol to ask for. */

/** After so many connections of version 1 the server is taken for an older one. */
const OLDER_FOR_SURE = 2;
/** It may be upgraded: every so many connections it is asked again. */
const OLDER_ASKED_AGAIN = 8;

export class VersionChoice {
  /** Whether the next socket offers version 2. */
  offersVersion2 = true;
  #knowsVersion2 = false;
  /** How often in a row the server took a socket without a subprotocol, after one with was failed. */
  #olderConnections = 0;

  /** Whether a socket that offers version 2 may fail because the server does not know it. */
  get isUnsure(): boolean {
    return this.offersVersion2 && !this.#knowsVersion2;
  }

  /** A socket has opened. */
  opened(version: 1 | 2): void {
    if (version === 2) {
      this.#knowsVersion2 = true;
      this.#olderConnections = 0;
    } else if (!this.offersVersion2) this.#olderConnections++;
  }

  /** A socket has ended. @param isAttempt Whether it never opened. */
  ended(isAttempt: boolean): void {
    if (isAttempt && !this.offersVersion2) this.#olderConnections = 0;
    const count = this.#olderConnections;
    this.offersVersion2 = this.#knowsVersion2 || count < OLDER_FOR_SURE || count % OLDER_ASKED_AGAIN === 0;
  }

  /** Takes the one chance to probe the server beside the present connection of version 1. @returns Whether it was left. */
  takeDoubt(): boolean {
    const isFirst = this.#olderConnections === 1;
    if (isFirst) this.#olderConnections++;
    return isFirst;
  }
}
