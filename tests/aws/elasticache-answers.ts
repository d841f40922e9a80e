import type { AwsCall, AwsReply } from "./aws-endpoint.ts";

const NAMESPACE = 'xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/"';
const METADATA = "<ResponseMetadata><RequestId>8f4f3c1e</RequestId></ResponseMetadata>";

export function xml(status: number, body: string): AwsReply {
  return { status, contentType: "text/xml", body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

/** What is no answer of AWS, though the SDK takes it for one. */
export const EMPTY_PAGES: [string, AwsReply][] = [
  ["an empty page", { status: 200, contentType: "text/xml", body: "" }],
  ["somebody's page", { status: 200, contentType: "text/html", body: "<html><body>Sign in</body></html>" }],
];

export function refusal(status: number, code: string, message = "no"): AwsReply {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return xml(status, `<ErrorResponse ${NAMESPACE}>${error}<RequestId>8f4f3c1e</RequestId></ErrorResponse>`);
}

export function replicationGroups(...groups: string[]): AwsReply {
  const members = groups.map((group) => `<ReplicationGroup>${group}</ReplicationGroup>`).join("");
  const result = `<ReplicationGroups>${members}</ReplicationGroups>`;
  return xml(
    200,
    `<DescribeReplicationGroupsResponse ${NAMESPACE}>
  <DescribeReplicationGroupsResult>${result}</DescribeReplicationGroupsResult>
  ${METADATA}
</DescribeReplicationGroupsResponse>`,
  );
}

export function serverlessCaches(...caches: string[]): AwsReply {
  const result = `<ServerlessCaches>${caches.map((cache) => `<member>${cache}</member>`).join("")}</ServerlessCaches>`;
  return xml(
    200,
    `<DescribeServerlessCachesResponse ${NAMESPACE}>
  <DescribeServerlessCachesResult>${result}</DescribeServerlessCachesResult>
  ${METADATA}
</DescribeServerlessCachesResponse>`,
  );
}

const endpoint = (name: string, host: string, port: number) =>
  `<${name}><Address>${host}</Address><Port>${port}</Port></${name}>`;

const nodeGroup = (primary: string) => `<NodeGroups><NodeGroup><NodeGroupId>0001</NodeGroupId>
  <Status>available</Status>${primary}${endpoint("ReaderEndpoint", "ro.example", 6379)}</NodeGroup></NodeGroups>`;

export const cluster = (
  host: string,
  port: number,
  tls: boolean,
) => `<ReplicationGroupId>orders</ReplicationGroupId><Status>available</Status>
  <ClusterEnabled>true</ClusterEnabled><TransitEncryptionEnabled>${tls}</TransitEncryptionEnabled>
  ${endpoint("ConfigurationEndpoint", host, port)}${nodeGroup("")}`;

export const standalone = (
  host: string,
  port: number,
  tls: boolean,
) => `<ReplicationGroupId>orders</ReplicationGroupId><Status>modifying</Status>
  <ClusterEnabled>false</ClusterEnabled><TransitEncryptionEnabled>${tls}</TransitEncryptionEnabled>
  ${nodeGroup(endpoint("PrimaryEndpoint", host, port))}`;

export const serverless = (
  host: string,
  port: number,
) => `<ServerlessCacheName>orders</ServerlessCacheName><Status>available</Status>
  <Engine>valkey</Engine>${endpoint("Endpoint", host, port)}
  ${endpoint("ReaderEndpoint", host, 6380)}`;

export const NO_GROUP = refusal(404, "ReplicationGroupNotFoundFault", "ReplicationGroup orders not found.");
export const NO_SERVERLESS = refusal(
  404,
  "ServerlessCacheNotFoundFault",
  "Serverless cache orders not found.",
);

/** There is no replication group, and this is what the second question is answered with. */
export const onlyServerless = (reply: AwsReply) => (call: AwsCall) =>
  call.action === "DescribeReplicationGroups" ? NO_GROUP : reply;
