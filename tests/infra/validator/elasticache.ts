import { attributeAt, callsIn, substitutionsIn } from "./intrinsics.ts";
import { resourcesNamedIn } from "./references.ts";
import { isRecord, type Problems, type Resource, resourcesOf, type Template } from "./template.ts";

/** What ElastiCache demands of properties together. */
export function* checkElastiCache(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::ElastiCache::ReplicationGroup")) {
    const isWrong = (problem: string) => `Resources.${id}.Properties: ${problem}`;
    const { NumCacheClusters = 1, ReplicasPerNodeGroup = 0, EngineVersion = "" } = properties;
    const isSharded = properties.ClusterMode === "enabled";
    const hasReplicas = Number(ReplicasPerNodeGroup) > 0 || Number(NumCacheClusters) > 1;
    const isDurable = ["async", "sync"].includes(String(properties.Durability));

    if (isSharded && properties.NumCacheClusters !== undefined)
      yield isWrong("NumCacheClusters is not for cluster mode; NumNodeGroups and ReplicasPerNodeGroup are");
    if (isSharded && !properties.AutomaticFailoverEnabled)
      yield isWrong("cluster mode needs AutomaticFailoverEnabled");
    if (!isSharded && properties.AutomaticFailoverEnabled && !hasReplicas)
      yield isWrong("AutomaticFailoverEnabled needs a replica");
    if (properties.MultiAZEnabled && !(properties.AutomaticFailoverEnabled && hasReplicas))
      yield isWrong("MultiAZEnabled needs AutomaticFailoverEnabled and a replica");
    if (properties.UserGroupIds && !properties.TransitEncryptionEnabled)
      yield isWrong("UserGroupIds needs TransitEncryptionEnabled");
    if (
      isDurable &&
      !(isSharded && properties.MultiAZEnabled && Number.parseInt(`${EngineVersion}`, 10) >= 9)
    )
      yield isWrong("Durability needs Valkey 9, cluster mode and MultiAZEnabled");
    yield* checkEndpoints(id, isSharded, template);
    yield* checkParameterGroup(id, properties, template);
    yield* checkLogs(id, properties.LogDeliveryConfigurations);
  }
  for (const { id, properties } of resourcesOf(template, "AWS::ElastiCache::User")) {
    const { AuthenticationMode, UserId, UserName } = properties;
    if (isRecord(AuthenticationMode) && AuthenticationMode.Type === "iam" && UserId !== UserName)
      yield `Resources.${id}.Properties: IAM needs UserName to be UserId`;
  }
  yield* checkOrder(template);
}

function* checkParameterGroup(
  id: string,
  properties: Resource["Properties"] & {},
  template: Template,
): Problems {
  const { CacheParameterGroupName, EngineVersion, Engine, ClusterMode } = properties;
  const path = `Resources.${id}.Properties.CacheParameterGroupName`;
  for (const name of resourcesNamedIn(CacheParameterGroupName, template)) {
    const { CacheParameterGroupFamily, Properties } = template.Resources[name]?.Properties ?? {};
    const family = `${Engine}${Number.parseInt(`${EngineVersion}`, 10)}`;
    if (CacheParameterGroupFamily !== family) yield `${path}: ${name} must be of the family ${family}`;
    const mode = isRecord(Properties) && Properties["cluster-enabled"] === "yes" ? "enabled" : "disabled";
    if (mode !== ClusterMode) yield `${path}: ${name} is for cluster mode ${mode}`;
  }
}

const LOGS = {
  LogType: ["slow-log", "engine-log"],
  LogFormat: ["json", "text"],
  DestinationType: ["cloudwatch-logs", "kinesis-firehose"],
};

function* checkLogs(id: string, configurations: unknown): Problems {
  for (const configuration of Array.isArray(configurations) ? configurations : [])
    for (const [name, values] of Object.entries(LOGS))
      if (!values.includes(configuration[name]))
        yield `Resources.${id}.Properties.LogDeliveryConfigurations: ${name} must be ${values.join(" or ")}`;
}

/** A group has one address for its shards, or addresses for its primary and its replicas. */
function* checkEndpoints(group: string, isSharded: boolean, template: Template): Problems {
  const missing = isSharded ? /^(Primary|Reader?)EndPoint/ : /^ConfigurationEndPoint/;
  const { Resources, Outputs = {} } = template;
  for (const { name, argument, path } of callsIn({ Resources, Outputs }, "")) {
    const texts = name === "Fn::GetAtt" ? [attributeAt(argument).join(".")] : [];
    for (const text of name === "Fn::Sub" ? substitutionsIn(argument) : texts) {
      const [id, attribute] = attributeAt(text);
      if (id === group && missing.test(attribute))
        yield `${path.slice(1)}: there is no ${attribute} with cluster mode ${isSharded ? "enabled" : "disabled"}`;
    }
  }
}

/** Users and groups that are named by their text must be there first, and CloudFormation cannot see that by itself. */
function* checkOrder(template: Template): Problems {
  const named = [
    ...resourcesOf(template, "AWS::ElastiCache::User").map(({ id, properties }) => [id, properties.UserId]),
    ...resourcesOf(template, "AWS::ElastiCache::UserGroup").map(({ id, properties }) => [
      id,
      properties.UserGroupId,
    ]),
  ] as [string, unknown][];
  const types = ["UserGroup", "ReplicationGroup", "ServerlessCache"].map(
    (type) => `AWS::ElastiCache::${type}`,
  );
  for (const { id, properties, DependsOn = [] } of resourcesOf(template, ...types)) {
    const { UserIds, UserGroupIds, UserGroupId } = properties;
    const names = [UserIds, UserGroupIds, UserGroupId].flat();
    const waitsFor = [...[DependsOn].flat(), ...resourcesNamedIn(properties, template)];
    for (const [other, name] of named)
      if (other !== id && names.includes(name) && !waitsFor.includes(other))
        yield `Resources.${id}.DependsOn: lacks ${other}`;
  }
}
