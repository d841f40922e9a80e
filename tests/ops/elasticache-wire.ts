import type { AwsCall, AwsReply } from "../aws/aws-endpoint.ts";
import { NO_GROUP, refusal, serverlessCaches, xml } from "../aws/elasticache-answers.ts";

/** An answer of the Query protocol: `<Action>Response` around `<Action>Result`. */
function answer(action: string, result: string): AwsReply {
  return xml(
    200,
    `<${action}Response xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
  <${action}Result>${result}</${action}Result>
  <ResponseMetadata><RequestId>8f4f3c1e</RequestId></ResponseMetadata>
</${action}Response>`,
  );
}

export interface Group {
  readonly status?: string;
  readonly groupStatus?: string;
  readonly failover?: string;
  readonly members?: number;
  readonly pending?: string;
  readonly clusterMode?: boolean;
}

/** Where cluster mode is on, a node is called after its group as well, and nobody tells its role. */
const member = (
  index: number,
  clusterMode: boolean,
) => `<NodeGroupMember><CacheClusterId>orders-${clusterMode ? "0001-" : ""}00${index}</CacheClusterId>
  ${clusterMode ? "" : `<CurrentRole>${index === 1 ? "primary" : "replica"}</CurrentRole>`}
  <CacheNodeId>0001</CacheNodeId><PreferredAvailabilityZone>eu-central-1${"abc"[index - 1]}</PreferredAvailabilityZone>
  </NodeGroupMember>`;

/** The replication group `orders`, with cluster mode on unless it is said. */
export function group({
  status = "available",
  groupStatus = "available",
  failover = "enabled",
  members = 2,
  pending = "",
  clusterMode = true,
}: Group = {}) {
  const nodes = Array.from({ length: members }, (_, index) => member(index + 1, clusterMode)).join("");
  return answer(
    "DescribeReplicationGroups",
    `<ReplicationGroups><ReplicationGroup><ReplicationGroupId>orders</ReplicationGroupId>
    <Status>${status}</Status><Engine>valkey</Engine><CacheNodeType>cache.r7g.large</CacheNodeType>
    <ClusterEnabled>${clusterMode}</ClusterEnabled><AutomaticFailover>${failover}</AutomaticFailover><MultiAZ>enabled</MultiAZ>
    <SnapshotRetentionLimit>7</SnapshotRetentionLimit><SnapshotWindow>03:00-04:00</SnapshotWindow>
    <PendingModifiedValues>${pending}</PendingModifiedValues>
    <ConfigurationEndpoint><Address>clustercfg.orders.example</Address><Port>6379</Port></ConfigurationEndpoint>
    <NodeGroups><NodeGroup><NodeGroupId>0001</NodeGroupId><Status>${groupStatus}</Status><Slots>0-16383</Slots>
    <NodeGroupMembers>${nodes}</NodeGroupMembers></NodeGroup></NodeGroups>
    </ReplicationGroup></ReplicationGroups>`,
  );
}

interface Made {
  readonly status?: string;
  /** Of what it was taken, if not of the group. */
  readonly of?: string;
  readonly at?: Date | undefined;
}

const snapshotXml = (
  name: string,
  { status = "available", at, of = "<ReplicationGroupId>orders</ReplicationGroupId>" }: Made,
) => `<SnapshotName>${name}</SnapshotName>
  ${of}<SnapshotStatus>${status}</SnapshotStatus>
  <SnapshotSource>${name.startsWith("automatic.") ? "automated" : "manual"}</SnapshotSource>
  <CacheNodeType>cache.r7g.large</CacheNodeType><Engine>valkey</Engine>
  <EngineVersion>9.0</EngineVersion><CacheSubnetGroupName>redigate-subnets</CacheSubnetGroupName>
  <CacheParameterGroupName>redigate-parameters</CacheParameterGroupName><NumNodeGroups>1</NumNodeGroups>
  <ARN>arn:aws:elasticache:eu-central-1:123456789012:snapshot:${name}</ARN>
  <NodeSnapshots><NodeSnapshot><NodeGroupId>0001</NodeGroupId><CacheSize>12 MB</CacheSize>
  ${at ? `<SnapshotCreateTime>${at.toISOString()}</SnapshotCreateTime>` : ""}</NodeSnapshot></NodeSnapshots>`;

const snapshotsAnswer = (inner: string, marker = "") =>
  answer("DescribeSnapshots", `${marker && `<Marker>${marker}</Marker>`}<Snapshots>${inner}</Snapshots>`);

/** Some that were made on a morning of long ago. */
export const snapshots = (names: readonly string[], marker = "") => {
  const at = new Date("2026-01-23T03:04:05.000Z");
  return snapshotsAnswer(
    names.map((name) => `<Snapshot>${snapshotXml(name, { at })}</Snapshot>`).join(""),
    marker,
  );
};

/** Some by what they were taken of. */
export const snapshotsOf = (sources: Readonly<Record<string, string>>, marker = "") => {
  const all = Object.entries(sources).map(
    ([name, of]) => `<Snapshot>${snapshotXml(name, { of })}</Snapshot>`,
  );
  return snapshotsAnswer(all.join(""), marker);
};

/** The one that was asked for, as it is. */
export const snapshotOf =
  (made: Made) =>
  ({ input }: AwsCall) =>
    snapshotsAnswer(`<Snapshot>${snapshotXml(input.SnapshotName ?? "", made)}</Snapshot>`);

export const created = ({ input }: AwsCall) =>
  answer(
    "CreateSnapshot",
    `<Snapshot>${snapshotXml(input.SnapshotName ?? "", { status: "creating" })}</Snapshot>`,
  );

const events = answer(
  "DescribeEvents",
  `<Events><Event><SourceIdentifier>orders</SourceIdentifier><SourceType>replication-group</SourceType>
  <Message>Failover to replica node orders-0001-002 completed</Message><Date>2026-11-23T05:06:07.000Z</Date></Event></Events>`,
);

const updates = answer(
  "DescribeUpdateActions",
  `<UpdateActions><UpdateAction><ServiceUpdateName>valkey-9-patch</ServiceUpdateName>
  <ServiceUpdateSeverity>important</ServiceUpdateSeverity><UpdateActionStatus>not-applied</UpdateActionStatus>
  <ServiceUpdateRecommendedApplyByDate>2026-12-01T00:00:00.000Z</ServiceUpdateRecommendedApplyByDate></UpdateAction></UpdateActions>`,
);

const version = answer(
  "DescribeCacheClusters",
  `<CacheClusters><CacheCluster><CacheClusterId>orders-0001-001</CacheClusterId><EngineVersion>9.0.1</EngineVersion></CacheCluster></CacheClusters>`,
);

const serverless =
  serverlessCaches(`<ServerlessCacheName>orders</ServerlessCacheName><Status>AVAILABLE</Status>
  <Engine>valkey</Engine><FullEngineVersion>9.0</FullEngineVersion><SnapshotRetentionLimit>0</SnapshotRetentionLimit>
  <Endpoint><Address>orders.serverless.example</Address><Port>6379</Port></Endpoint>
  <ReaderEndpoint><Address>orders.serverless.example</Address><Port>6380</Port></ReaderEndpoint>`);

export const serverlessSnapshots = (name: string, token = "") =>
  answer(
    "DescribeServerlessCacheSnapshots",
    `${token && `<NextToken>${token}</NextToken>`}<ServerlessCacheSnapshots><ServerlessCacheSnapshot>
  <ServerlessCacheSnapshotName>${name}</ServerlessCacheSnapshotName>
  <ARN>arn:aws:elasticache:eu-central-1:123456789012:serverlesscachesnapshot:${name}</ARN>
  <SnapshotType>MANUAL</SnapshotType><Status>AVAILABLE</Status><CreateTime>2026-01-23T03:04:05.000Z</CreateTime>
  <BytesUsedForCache>1234</BytesUsedForCache></ServerlessCacheSnapshot></ServerlessCacheSnapshots>`,
  );

export type Script = Readonly<Record<string, AwsReply | ((call: AwsCall, nth: number) => AwsReply)>>;

const HEALTHY: Script = {
  DescribeReplicationGroups: group(),
  DescribeCacheClusters: version,
  DescribeEvents: events,
  DescribeUpdateActions: updates,
  DescribeSnapshots: snapshots(["orders-1"]),
  CreateSnapshot: created,
  TestFailover: answer("TestFailover", "<ReplicationGroup><Status>modifying</Status></ReplicationGroup>"),
};

/** ElastiCache with the replication group `orders`, apart from what a test has it say. */
export function elasticache(script: Script = {}) {
  return (call: AwsCall, nth: number): AwsReply => {
    const reply = { ...HEALTHY, ...script }[call.action] ?? refusal(400, "InvalidAction");
    return typeof reply === "function" ? reply(call, nth) : reply;
  };
}

/** ElastiCache with the serverless cache `orders`. */
export const SERVERLESS: Script = {
  DescribeReplicationGroups: NO_GROUP,
  DescribeServerlessCaches: serverless,
  DescribeServerlessCacheSnapshots: serverlessSnapshots("orders-before"),
};
