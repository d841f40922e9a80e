import type { Config } from "../config.ts";
import { invalidRequest } from "./problem.ts";

/**
 * Throws 400 `invalid_request` for an id that could not be named in a path afterwards. Every URL resolves `.` and `..`,
 * however they are encoded; a gateway that undoes the encoding cuts a path at `?`, so that what is meant for `ann?x`
 * would reach `ann`.
 */
export function checkPathId(place: string, id: string, { rawPathDecoded }: Config["http"]): void {
  if (id === "." || id === "..") throw invalidRequest([{ path: place, message: "must not be `.` or `..`" }]);
  if (rawPathDecoded && id.includes("?"))
    throw invalidRequest([{ path: place, message: "must not contain `?`, at which the gateway cuts paths" }]);
}
