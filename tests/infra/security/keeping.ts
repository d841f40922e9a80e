import { WITH_SNAPSHOTS } from "../validator/resources.ts";
import { type Problems, resourcesOf, type Template } from "../validator/template.ts";

const DATA = [
  "AWS::EC2::Volume",
  "AWS::ElastiCache::CacheCluster",
  "AWS::ElastiCache::ReplicationGroup",
  "AWS::ElastiCache::ServerlessCache",
];

/** Data that would be gone with the stack, or with a change that replaces what holds them; logs that would stay forever. */
export function* checkKeeping(template: Template): Problems {
  for (const { id, type, properties, DeletionPolicy, UpdateReplacePolicy } of resourcesOf(
    template,
    ...DATA,
  )) {
    const policies = WITH_SNAPSHOTS.includes(type) ? ["Snapshot"] : ["Retain", "RetainExceptOnCreate"];
    // Where CloudFormation takes no snapshot, ElastiCache may, before it deletes a cache.
    const onDeletion = properties.FinalSnapshotName ? "Snapshot" : DeletionPolicy;
    for (const [name, value = "Delete"] of Object.entries({
      DeletionPolicy: onDeletion,
      UpdateReplacePolicy,
    }))
      if (![...policies, "Snapshot"].includes(value)) yield `${id}: ${name} is ${value}, not ${policies[0]}`;
  }
  for (const { id, properties } of resourcesOf(template, ...DATA.slice(1)))
    if (!properties.SnapshotRetentionLimit) yield `${id}: takes no snapshots`;
  for (const { id, properties } of resourcesOf(template, "AWS::ElastiCache::ReplicationGroup"))
    for (const log of ["slow-log", "engine-log"])
      if (!JSON.stringify(properties.LogDeliveryConfigurations)?.includes(`"${log}"`))
        yield `${id}: keeps no ${log}`;
  for (const { id, properties } of resourcesOf(template, "AWS::Logs::LogGroup"))
    if (!properties.RetentionInDays) yield `${id}: keeps logs forever`;
}
