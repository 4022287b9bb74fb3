/**
 * The package's root wherever no Worker runs: in Node, in a page, in a bundle for either. Its names are the
 * server's, so that an import gets as far as the sentence that says what to do. Nothing works here.
 */
import "./elsewhere.cjs";

export const UserSessionDO = undefined;
export const routeUserSession = undefined;
export const userSession = undefined;
export default undefined;
