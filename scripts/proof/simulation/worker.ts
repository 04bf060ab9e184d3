import { Simulator } from "./simulator.ts";

/** The other end: types of pages and of workers do not go together. */
interface Port {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown): void;
}

let simulator: Simulator | undefined;
const port = globalThis as unknown as Port;

/** Simulates the seeds that it is sent, and the folder with them. */
port.onmessage = async ({ data: { folder, ...range } }) => {
  simulator ??= new Simulator({ folder });
  port.postMessage(await simulator.runAll(range));
};
