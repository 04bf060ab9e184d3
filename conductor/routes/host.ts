import {
  EXEC_STREAM_EVENTS,
  ExecOutcome,
  ExecRequest,
  FileReadOutcome,
  FileReadRequest,
  FileWriteOutcome,
  FileWriteRequest,
} from "../../host_ops/mod.ts";
import { callerOf, route } from "../deps.ts";

const hostOperation = {
  method: "POST",
  kind: "write",
  surface: "control",
  exposure: "local",
  bodyRule: "inner",
  auditsItself: true,
  errors: ["NOT_READY"],
} as const;

/** Host operations: they answer 200 once admitted; `data.ok` tells how it went. */
export const hostRoutes = [
  route({
    ...hostOperation,
    id: "host.exec",
    scope: "exec",
    path: "/v1/exec",
    summary: "Run a command on this machine; answers its output and exit",
    notes: [
      "With Accept: text/event-stream: stdout and stderr events as they happen, then exit.",
      "A client that disconnects kills its command. What the command does is not bound by the file roots.",
    ],
    body: ExecRequest,
    data: ExecOutcome,
    events: EXEC_STREAM_EVENTS,
    example: {
      body: {
        command: "printf 'hello from conductor'",
        cwd: "{cwd}",
        timeoutMs: 2000,
      },
    },
    handler: (context) =>
      context.deps.hostOps.executeCommand(context.body, callerOf(context)),
    stream: (context) =>
      context.deps.hostOps.streamCommand(context.body, callerOf(context)),
  }),
  route({
    ...hostOperation,
    id: "host.files.read",
    scope: "files",
    path: "/v1/files/read",
    summary: "Read a file of this machine, whole or in part",
    body: FileReadRequest,
    data: FileReadOutcome,
    example: { body: { path: "{file}", cwd: "{cwd}", encoding: "utf8" } },
    handler: (context) =>
      context.deps.hostOps.readTextFile(context.body, callerOf(context)),
  }),
  route({
    ...hostOperation,
    id: "host.files.write",
    scope: "files",
    path: "/v1/files/write",
    summary: "Write a file of this machine, atomically",
    notes: [
      "overwrite: false never clobbers; ifMatch writes only over the version that was read.",
    ],
    body: FileWriteRequest,
    data: FileWriteOutcome,
    example: {
      body: {
        path: "tmp/conductor-note.txt",
        cwd: "{cwd}",
        content: "hello from conductor",
        overwrite: true,
        createParents: true,
        encoding: "utf8",
      },
    },
    handler: (context) =>
      context.deps.hostOps.writeTextFile(context.body, callerOf(context)),
  }),
];
