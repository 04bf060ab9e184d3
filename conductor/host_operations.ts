import { DEFAULT_EXEC_TIMEOUT_MS, DEFAULT_MAX_BYTES } from "../host_ops/mod.ts";
import { curl, type CurlOptions, fields } from "../shared/describe/mod.ts";
import type { RouteInfo } from "../shared/http/mod.ts";

/** The `host_operations` part of the describe documents: contract, semantics, curl lines. */
export function hostOperations(
  routes: readonly RouteInfo[],
  options: CurlOptions,
) {
  return {
    enabled: true,
    contract:
      "The data of the success envelope is the operation's own result union: {ok, operation, input, result} or {ok, operation, input, error, result?}.",
    semantics: {
      cwd:
        "Optional string; omitted: the working folder of the conductor process.",
      path: "files/read and files/write: absolute, or relative to cwd.",
      timeoutMs:
        `exec only; optional integer >= 0, default ${DEFAULT_EXEC_TIMEOUT_MS}; 0: no timeout.`,
      maxBufferBytes:
        `exec only; optional integer > 0, default ${DEFAULT_MAX_BYTES}, for stdout and stderr each.`,
      overwrite:
        "files/write only; optional boolean, default true. false: an existing file gives FILE_ALREADY_EXISTS.",
      createParents:
        "files/write only; optional boolean, default true: missing parent folders are made.",
      ifMatch:
        "files/write only; the sha256 that files/read answered: a file that changed since gives FILE_CHANGED.",
      encoding: "utf8 (default) or base64.",
    },
    operations: routes.filter((it) => it.id.startsWith("host.")).map((it) => ({
      method: it.method,
      path: it.path,
      summary: it.summary,
      request_body: fields(it.body, "input"),
      curl: curl(it, options),
    })),
    notes: [
      "These three routes always answer the outer success envelope once admitted; whether the operation succeeded is in data.ok.",
      "The camelCase fields are preferred; timeout_ms, max_buffer_bytes and create_parents are accepted as aliases.",
      "They act on this machine only, and are never reachable through the public host name.",
      "The read and write roots bind files/read and files/write, not what a command does.",
    ],
  };
}
