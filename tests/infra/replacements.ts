import { isDeepStrictEqual } from "node:util";
import { findResourceType } from "./validator/specification.ts";
import type { Template } from "./validator/template.ts";

/** What the specification says replaces a resource, and does not where this stack has it. */
const IN_PLACE: Readonly<Record<string, string>> = {
  "AWS::ElastiCache::ReplicationGroup.NumNodeGroups": "the update policy moves the slots while all runs",
  "AWS::EC2::Instance.InstanceType": "its disks are of EBS, so it stops and starts again",
  "AWS::EC2::Instance.UserData": "its disks are of EBS, so it stops and starts again",
};

/** Resources that an update of one template to another would make anew or take away, as `<id>` or `<id>.<property>`. */
export function replacements(before: Template, after: Template): string[] {
  return Object.entries(before.Resources).flatMap(([id, { Type, Properties: old = {} }]) => {
    const resource = after.Resources[id];
    // Each deployment has versions of its own.
    if (!resource) return Type === "AWS::Lambda::Version" ? [] : [id];
    const { Properties: now = {} } = resource;
    const names = Object.keys({ ...old, ...now }).filter((name) => !isDeepStrictEqual(old[name], now[name]));
    return names.filter((name) => replaces(Type, name)).map((name) => `${id}.${name}`);
  });
}

function replaces(type: string, name: string): boolean {
  const { causesReplacement = "no" } = findResourceType(type)?.properties[name] ?? {};
  return causesReplacement !== "no" && !(`${type}.${name}` in IN_PLACE);
}
