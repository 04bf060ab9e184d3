import { Simulator } from "./simulator.ts";

/** The other end: types of pages and of workers do not go together. */
interface Port {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown): void;
}

const simulator = new Simulator();
const port = globalThis as unknown as Port;

/** Simulates the seeds that it is sent; `end` has it clean up. */
port.onmessage = async ({ data }) => {
  if (data === "end") {
    simulator[Symbol.dispose]();
    return port.postMessage("ended");
  }
  port.postMessage(await simulator.runAll(data));
};
