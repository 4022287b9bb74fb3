# The session server on workerd itself. `npm start` builds what is embedded here, and starts it.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "session", worker = .session),

    # What the users' objects store: a file each. Relative to where workerd is started; another place by
    # `npm start -- --directory-path=disk=/var/lib/session-server`.
    (name = "disk", disk = (path = "data", writable = true)),
  ],

  # For this machine only: whatever ends TLS is on it, too. Leave `cfBlobHeader` out of `http`, so that
  # no client can write where the Worker does. Another address: `npm start -- --socket-addr=http=…`.
  sockets = [
    (name = "http", address = "127.0.0.1:8787", http = (), service = "session"),
  ],
);

const session :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "build/worker.js"),
    (name = "./session.wasm", wasm = embed "build/session.wasm"),
  ],

  # The runtime's behaviour is pinned to this day. Compression would cost every idle socket some 200 KB.
  compatibilityDate = "2026-10-12",
  compatibilityFlags = ["no_web_socket_compression"],

  bindings = [
    (name = "USER_SESSION_DO", durableObjectNamespace = "UserSessionDO"),

    # Whoever brings a token that was signed with AUTH_JWT_SECRET is its `sub`.
    (name = "AUTH_MODE", text = "jwt"),
    # The cookie that holds the token, as your app names it.
    (name = "AUTH_COOKIE", text = "session"),

    # Where the proxy says from what address a request came; strangers are limited by it.
    (name = "CLIENT_ADDRESS_HEADER", text = "X-Forwarded-For"),

    # From the environment. What is not set there is left out.
    (name = "AUTH_JWT_SECRET", fromEnvironment = "AUTH_JWT_SECRET"),
    (name = "SERVICE_TOKEN", fromEnvironment = "SERVICE_TOKEN"),
    # The values before, while the two are changed.
    (name = "AUTH_JWT_SECRET_PREVIOUS", fromEnvironment = "AUTH_JWT_SECRET_PREVIOUS"),
    (name = "SERVICE_TOKEN_PREVIOUS", fromEnvironment = "SERVICE_TOKEN_PREVIOUS"),
    # Behind something that ends TLS: the pages' origin, with https.
    (name = "ALLOWED_ORIGINS", fromEnvironment = "ALLOWED_ORIGINS"),
    # After a restored backup: what was issued before this time is refused.
    (name = "CREDENTIALS_NOT_BEFORE", fromEnvironment = "CREDENTIALS_NOT_BEFORE"),
  ],

  # The key names the folder in `data` and goes into each object's id: with another one every user is new.
  durableObjectNamespaces = [
    (className = "UserSessionDO", uniqueKey = "user-session", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
);
