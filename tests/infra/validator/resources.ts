import { findResourceType } from "./specification.ts";
import type { Problems, Template } from "./template.ts";
import { checkProperties } from "./values.ts";

const PARTS = [
  "Type",
  "Properties",
  "DependsOn",
  "Condition",
  "DeletionPolicy",
  "UpdateReplacePolicy",
  "UpdatePolicy",
  "CreationPolicy",
  "Metadata",
];

const UPDATE_POLICIES = [
  ...["AutoScalingReplacingUpdate", "AutoScalingRollingUpdate", "AutoScalingScheduledAction"],
  ...["CodeDeployLambdaAliasUpdate", "EnableVersionUpgrade", "UseOnlineResharding"],
];

const POLICIES = {
  DeletionPolicy: ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"],
  UpdateReplacePolicy: ["Delete", "Retain", "Snapshot"],
} as const;

/** CloudFormation's own list; with any other type a deployment is refused. */
export const WITH_SNAPSHOTS: readonly string[] = [
  "AWS::DocDB::DBCluster",
  "AWS::EC2::Volume",
  "AWS::ElastiCache::CacheCluster",
  "AWS::ElastiCache::ReplicationGroup",
  "AWS::Neptune::DBCluster",
  "AWS::RDS::DBCluster",
  "AWS::RDS::DBInstance",
  "AWS::Redshift::Cluster",
];

/** Resources that are not of a known type, or whose properties are not of that type. */
export function* checkResources(template: Template): Problems {
  for (const [id, resource] of Object.entries(template.Resources)) {
    const path = `Resources.${id}`;
    if (!/^[A-Za-z0-9]{1,255}$/.test(id)) yield `${path}: its name must be of letters and digits`;
    for (const part of Object.keys(resource)) if (!PARTS.includes(part)) yield `${path}.${part}: is unknown`;
    yield* checkPolicies(path, resource);

    const type = findResourceType(resource.Type);
    const root = `${path}.Properties`;
    const readOnly = Object.keys(type?.attributes ?? {});
    const place = { template, root, path: [], readOnly };
    if (type) yield* checkProperties(resource.Properties ?? {}, type.properties, place);
    else yield `${path}.Type: ${resource.Type} is unknown`;
  }
}

function* checkPolicies(path: string, resource: Template["Resources"][string]): Problems {
  for (const policy of Object.keys(resource.UpdatePolicy ?? {}))
    if (!UPDATE_POLICIES.includes(policy)) yield `${path}.UpdatePolicy.${policy}: is unknown`;
  for (const policy of ["DeletionPolicy", "UpdateReplacePolicy"] as const) {
    const value = resource[policy];
    const values: readonly string[] = POLICIES[policy];
    if (value === undefined) continue;
    if (!values.includes(value)) yield `${path}.${policy}: must be one of ${values.join(", ")}`;
    if (value === "Snapshot" && !WITH_SNAPSHOTS.includes(resource.Type))
      yield `${path}.${policy}: ${resource.Type} has no snapshots`;
  }
}
