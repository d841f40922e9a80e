/**
 * Every key of redigate: `<tenant>:<feature>:{<id>}:<part>`.
 *
 * | key | type | holds | lives |
 * | --- | --- | --- | --- |
 * | `<tenant>:cache:{<key>}:entry` | hash `head`, `body` | one cached value | freshness plus stale windows |
 * | `<tenant>:cache:{<key>}:lease` | string | who fills the entry | the lease |
 * | `<tenant>:cache:{<key>}:put-<version>` | string | outcome of one put, against running it twice | twice the deadline |
 * | `<tenant>:cache:{<group>}:group` | string `<clock>.<nonce>` | the group's present token | its longest-lived entry |
 * | `<tenant>:cache:{groups}:clock` | string | time of the last group invalidation | a day |
 *
 * The braces are the cluster's hash tag, so all parts of one id share a slot. The id is percent-encoded: no
 * caller can write a brace or a colon into a key. Throws a `URIError` for a lone surrogate.
 */
function key(tenant: string, feature: string, id: string, part: string): string {
  return `${tenant}:${feature}:{${encodeURIComponent(id)}}:${part}`;
}

export const cacheKeys = {
  entry: (tenant: string, id: string) => key(tenant, "cache", id, "entry"),
  lease: (tenant: string, id: string) => key(tenant, "cache", id, "lease"),
  outcome: (tenant: string, id: string, version: string) => key(tenant, "cache", id, `put-${version}`),
  group: (tenant: string, name: string) => key(tenant, "cache", name, "group"),
  clock: (tenant: string) => key(tenant, "cache", "groups", "clock"),
};
