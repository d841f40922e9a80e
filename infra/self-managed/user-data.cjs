const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const rules = require("../redis-users.json");

const read = (name) => readFileSync(join(__dirname, name), "utf8").trimEnd();

/** A text with what stands between @s filled in; what is not known yet stays. */
const fill = (text, values) => text.replace(/@([A-Z_]+)@/g, (mark, name) => values[name] ?? mark);

const BOUNDARY = "redigate";

/** Without the first part the script would run at the first start only. */
const parts = (script) => [
  ["text/cloud-config", "cloud_final_modules:\n  - [scripts-user, always]"],
  ["text/x-shellscript", script],
];

function userData({ maxMemoryMegabytes, eviction }) {
  const conf = fill(read("redis.conf"), {
    PORT: 6379,
    TLS: "/etc/valkey/tls",
    ACL: "/etc/valkey/users.acl",
    DIR: "/var/lib/valkey",
    MAXMEMORY: `${maxMemoryMegabytes}mb`,
    EVICTION: eviction,
  });
  const users = fill(read("users.acl"), { FUNCTIONS_RULES: rules.functions, OPS_RULES: rules.ops });
  const script = read("install.sh")
    .replace("@redis.conf@", () => conf)
    .replace("@users.acl@", () => users);
  const texts = parts(script).map(([type, text]) => `--${BOUNDARY}\nContent-Type: ${type}\n\n${text}\n`);
  return `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="${BOUNDARY}"\n\n${texts.join("")}--${BOUNDARY}--\n`;
}

/** What the machine does when it starts. */
exports.userData = async ({ resolveVariable }) => ({
  "Fn::Base64": { "Fn::Sub": userData(await resolveVariable("self:custom.stack")) },
});
