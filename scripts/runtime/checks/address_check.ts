import { lookup } from "node:dns/promises";
import {
  type Finding,
  type Installation,
  type Machine,
  ok,
  problem,
  type ServiceName,
  SERVICES,
} from "../node/mod.ts";

/** Tells whether a service is to listen at an address that this machine has. */
export async function addressCheck(
  name: ServiceName,
  { settings }: Pick<Installation, "settings">,
  machine: Machine,
): Promise<Finding> {
  const { address } = SERVICES[name];
  const value = settings.get(address)?.value;
  if (value === undefined || !URL.canParse(value)) {
    return ok(name, "listens at its default address");
  }
  const host = new URL(value).hostname.replace(/^\[|\]$/g, "");
  const addresses = await addressesOf(host);
  const own = ["0.0.0.0", "::", ...machine.addresses];
  if (addresses.some((it) => own.includes(it) || isLoopback(it))) {
    return ok(name, `listens at ${value}`);
  }
  return problem(
    name,
    `${address} is ${value}, which is no address of this machine (it has ${
      machine.addresses.join(", ")
    })`,
    `in scripts/runtime/mini.env: ${address}=http://<one of them>:${
      new URL(value).port || "80"
    }` + (name === "conductor" ? ", or --listen" : ""),
  );
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map((it) => it.address);
  } catch {
    return [];
  }
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
