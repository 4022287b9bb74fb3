/**
 * The package's root wherever no Worker runs: in Node, in a page, in a bundle for either. It has the
 * server's names, so that whoever imports one gets as far as the sentence that says what to do.
 */
import "./elsewhere.cjs";

export const UserSessionDO = undefined;
export const routeUserSession = undefined;
export const userSession = undefined;
export default undefined;
