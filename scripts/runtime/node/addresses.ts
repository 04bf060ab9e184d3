import { SETTINGS } from "../../../shared/config/mod.ts";
import type { Values } from "./node_settings.ts";
import type { Service } from "./services.ts";

const DEFAULTS = {
  BAA_CONDUCTOR_LOCAL_API: SETTINGS.conductorLocalApi.fallback,
  BAA_CODEXD_LOCAL_API: SETTINGS.codexdLocalApi.fallback,
  BAA_STATUS_API: SETTINGS.statusApi.fallback,
} as const;

/** Returns where a service answers under some settings. */
export function addressOf(
  service: Pick<Service, "address">,
  settings: Values,
): string {
  return settings[service.address] || DEFAULTS[service.address] || "";
}
