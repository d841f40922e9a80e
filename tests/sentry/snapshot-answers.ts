import type { AwsCall, AwsReply } from "../aws/aws-endpoint.ts";
import { refusal, replicationGroups, standalone, xml } from "../aws/elasticache-answers.ts";

interface Snapshots {
  readonly retentionDays?: number;
  /** What becomes of each snapshot, by its name; ten minutes are over when it is asked for. */
  readonly becomes?: (name: string) => string;
}

const answer = (action: string, result: string): AwsReply =>
  xml(
    200,
    `<${action}Response xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/"><${action}Result>${result}</${action}Result>
    <ResponseMetadata><RequestId>8f4f3c1e</RequestId></ResponseMetadata></${action}Response>`,
  );

/** Of the first node of the cache that the name says. */
const snapshot = (name: string, status: string) =>
  `<Snapshot><SnapshotName>${name}</SnapshotName><SnapshotStatus>${status}</SnapshotStatus>
  <CacheClusterId>${name.replace(/-\d{4}-\d\d-\d\d.*/, "-001")}</CacheClusterId>
  <SnapshotSource>manual</SnapshotSource></Snapshot>`;

/** ElastiCache with one replication group, which remembers its snapshots. */
export function elasticache({ retentionDays = 0, becomes = () => "available" }: Snapshots = {}) {
  const taken = new Set<string>();
  return ({ action, input }: AwsCall): AwsReply => {
    const name = input.SnapshotName ?? "";
    if (action === "DescribeReplicationGroups") {
      const retention = `<SnapshotRetentionLimit>${retentionDays}</SnapshotRetentionLimit>`;
      return replicationGroups(`${standalone("cache.example", 6379, false)}${retention}`);
    }
    if (action === "DescribeSnapshots")
      return taken.has(name)
        ? answer(action, `<Snapshots>${snapshot(name, becomes(name))}</Snapshots>`)
        : refusal(404, "SnapshotNotFoundFault");
    if (taken.has(name)) return refusal(400, "SnapshotAlreadyExistsFault");
    taken.add(name);
    return answer(action, snapshot(name, "creating"));
  };
}

export const snapshotsAsked = (calls: readonly AwsCall[]) =>
  calls.filter(({ action }) => action === "CreateSnapshot").map(({ input }) => input.SnapshotName);
