import { isRecord, type Problems, resourcesOf, type Template } from "../validator/template.ts";

/** What nobody who comes from a function needs, and what ends or empties a server, or shows all that it holds. */
const DANGEROUS =
  /^\+(@all|@admin|@dangerous|@scripting|acl|bgrewriteaof|bgsave|cluster(\|(?!(slots|info|nodes)$).*)?|config(\|(?!get$).*)?|debug|failover|flushall|flushdb|function|keys|migrate|module|monitor|psync|replicaof|restore|save|script|shutdown|slaveof|swapdb|sync)$/;

/** Who gets into a cache, and what for. */
export function* checkUsers(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::ElastiCache::ReplicationGroup"))
    if ([properties.UserGroupIds ?? []].flat().length === 0) yield `${id}: lets in whoever asks`;
  for (const { id, properties } of resourcesOf(template, "AWS::ElastiCache::ServerlessCache"))
    if (!properties.UserGroupId) yield `${id}: lets in whoever asks`;

  for (const { id, properties } of resourcesOf(template, "AWS::ElastiCache::User")) {
    const { AuthenticationMode, NoPasswordRequired, AccessString } = properties;
    const mode = isRecord(AuthenticationMode) ? AuthenticationMode.Type : undefined;
    if (NoPasswordRequired === true || (mode !== "iam" && mode !== "password"))
      yield `${id}: needs no password`;
    const words = String(AccessString).replace(/[()]/g, " ").split(/\s+/);
    if (!words.includes("-@all")) yield `${id}: may do what it is not forbidden`;
    for (const word of words)
      if (word === "nopass" || word === "allcommands" || DANGEROUS.test(word)) yield `${id}: ${word}`;
  }
  for (const { id } of resourcesOf(template, "AWS::IAM::User", "AWS::IAM::AccessKey"))
    yield `${id}: has keys that do not expire`;
}
