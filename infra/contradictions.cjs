const { connectionsOf, leastFor, maxClientsOf } = require("./concurrency.cjs");
const { functions } = require("./functions.cjs");
const { memoryOf } = require("./machine-sizes.cjs");
const { overlap } = require("./windows.cjs");

/** What a stack with a cache of its own says for itself. */
const ADDRESSES =
  /^(REDIS_(?!DEADLINE_MS$|MIN_REPLICAS_ACK$)\w+|ELASTICACHE_ID|VPC_(SUBNET|SECURITY_GROUP)_IDS)$/;
/** https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Durability.Options.html */
const DURABLE_NODES = /^cache\.([rm][678]g|c[78]gn)\./;
/** With the alarms of 300 the template is larger than the 1 MiB that CloudFormation takes; AWS would have up to 500. */
const NODES_OF_A_CLUSTER = 250;
/** Redis beside the copies that its snapshots make. */
const SHARE_OF_MACHINE = 0.75;
/** The append-only file before and after it is written anew, and a snapshot before and after. */
const COPIES_ON_DISK = 4;

const SNAPSHOTS = {
  serverless: [/^arn:aws[\w-]*:elasticache:[\w-]+:\d+:(serverlesscache)?snapshot:/, "the ARN of a snapshot"],
  "self-managed": [/^snap-\w+$/, "the id of a snapshot of the volume (snap-…)"],
};
const NAMED_SNAPSHOT = [/^[a-z][\w.-]*$/i, "the name of a snapshot, not an ARN"];

/** Of an ARN; undefined of what is none. */
const regionOf = (arn = "") => arn.split(":")[3];

const hasTwice = (list) => new Set(list).size < list.length;
const longestOf = (names) => names.toSorted((one, other) => other.length - one.length)[0];

/** Parameters that do not go together; each sentence names them. */
function ofTheCache({ given, stack, region }) {
  const { cache, replicas, shards, durability, nodeType, restoreFrom, snapshotWindow, maintenanceWindow } =
    stack;
  const { instanceType, maxMemoryMegabytes, volumeGigabytes } = stack;
  const nodes = shards * (1 + replicas);
  const [snapshot, whatItIs] = SNAPSHOTS[cache] ?? NAMED_SNAPSHOT;
  const machineMegabytes = memoryOf(instanceType) * 1024;
  const snapshotRegion = regionOf(restoreFrom);
  return [
    [
      cache === "cluster" && durability !== "none" && !DURABLE_NODES.test(nodeType),
      `durability=${durability}: does not work on nodeType=${nodeType}; take one such as cache.r7g.large`,
    ],
    [
      /^cache\.r6gd\./.test(nodeType),
      `nodeType=${nodeType}: keeps part of the data on disks, which this stack does not set up; take one such as cache.r7g.large`,
    ],
    [
      cache === "cluster" && nodes > NODES_OF_A_CLUSTER,
      `shards=${shards}, replicas=${replicas}: come to ${nodes} nodes, and CloudFormation takes the alarms of ${NODES_OF_A_CLUSTER} at most`,
    ],
    [restoreFrom && !snapshot.test(restoreFrom), `restoreFrom: with cache=${cache} it is ${whatItIs}`],
    [
      snapshotRegion && snapshotRegion !== region,
      `restoreFrom: is of the region ${snapshotRegion}, and the stack goes to ${region}`,
    ],
    [
      given.snapshotWindow && stack.snapshotDays === 0,
      `snapshotWindow=${snapshotWindow}: means nothing with snapshotDays=0, which takes no snapshots`,
    ],
    [
      overlap(snapshotWindow, maintenanceWindow),
      `snapshotWindow=${snapshotWindow}, maintenanceWindow=${maintenanceWindow}: must not overlap`,
    ],
    [
      cache === "self-managed" && maxMemoryMegabytes > machineMegabytes * SHARE_OF_MACHINE,
      `maxMemoryMegabytes=${maxMemoryMegabytes}: is more than three quarters of what instanceType=${instanceType} has (${machineMegabytes})`,
    ],
    [
      cache === "self-managed" && maxMemoryMegabytes * COPIES_ON_DISK > volumeGigabytes * 1024,
      `volumeGigabytes=${volumeGigabytes}: is less than ${COPIES_ON_DISK} times maxMemoryMegabytes=${maxMemoryMegabytes}, which the files of Redis may need`,
    ],
  ];
}

function ofTheNetwork({ given, stack, environment, region }) {
  const subnets = given.subnetIds?.split(",") ?? [];
  const zones = given.zones?.split(",") ?? [];
  const isSet = (name) => Boolean(environment[name]);
  return [
    [Boolean(given.vpcId) !== Boolean(given.subnetIds), "vpcId, subnetIds: one needs the other"],
    [
      given.vpcId && given.zones,
      `zones=${given.zones}: is for the network that is made, and vpcId brings one; its subnets have the zones`,
    ],
    [given.subnetIds && subnets.length < 2, "subnetIds: must be two or more, in different zones"],
    [hasTwice(subnets), `subnetIds=${given.subnetIds}: names a subnet twice`],
    [hasTwice(zones), `zones=${given.zones}: names a zone twice`],
    [
      zones.length > 1 && !zones.every((zone) => zone.slice(0, -1) === region),
      `zones=${given.zones}: are not all of the region ${region}`,
    ],
    [given.endpoints === "no" && !given.vpcId, "endpoints=no: goes with vpcId, a network that has them"],
    [
      given.vpcId && !given.endpoints,
      "vpcId: needs endpoints, as endpoints=yes takes over names of AWS for all that is in that VPC, and endpoints=no goes with endpoints that it has",
    ],
    [
      stack.cache === "external" && isSet("VPC_SUBNET_IDS") !== isSet("VPC_SECURITY_GROUP_IDS"),
      "VPC_SUBNET_IDS, VPC_SECURITY_GROUP_IDS: one needs the other",
    ],
  ];
}

function ofTheConnections({ stack, environment, service, stage }) {
  const { cache, isManaged, concurrency } = stack;
  const foreign = Object.keys(environment).filter((name) => environment[name] && ADDRESSES.test(name));
  const hasAddress = ["REDIS_URL", "REDIS_HOST", "REDIS_NODES", "ELASTICACHE_ID"].some(
    (name) => environment[name],
  );
  const acknowledged = environment.REDIS_MIN_REPLICAS_ACK || "0";
  const copies = { cluster: stack.replicas, "replication-group": stack.replicas, external: Infinity };
  const connections = connectionsOf(concurrency);
  const least = leastFor(functions);
  // The cache itself, and its users, of which the other has a shorter name.
  const id = `${service}-${stage}-${longestOf([cache, "functions"])}`;
  const functionName = `${service}-${stage}-${longestOf(functions)}`;
  return [
    [
      cache === "external" && !hasAddress,
      "cache=external: needs REDIS_URL in the environment, or REDIS_HOST, REDIS_NODES or ELASTICACHE_ID",
    ],
    [
      cache !== "external" && foreign.length > 0,
      `cache=${cache}: makes a Redis of its own, so ${foreign.join(", ")} must not be set; cache=external uses it`,
    ],
    [
      !/^\d+$/.test(acknowledged),
      `REDIS_MIN_REPLICAS_ACK=${acknowledged}: must be a whole number of replicas`,
    ],
    [
      Number(acknowledged) > (copies[cache] ?? 0),
      `REDIS_MIN_REPLICAS_ACK=${acknowledged}: asks for more replicas than cache=${cache} has`,
    ],
    [
      connections > maxClientsOf(cache),
      `concurrency=${concurrency}: up to ${connections} connections, and cache=${cache} takes ${maxClientsOf(cache)} a node`,
    ],
    [
      concurrency > 0 && concurrency < least,
      `concurrency=${concurrency}: is less than the ${least} that all functions need together; concurrency=0 reserves none`,
    ],
    [
      isManaged && !/^(?!.*--)[a-z][a-z0-9-]{0,38}[a-z0-9]$/.test(id),
      `stage=${stage}: makes the name ${id}, and with cache=${cache} that may have 40 small letters, digits and single hyphens`,
    ],
    [
      functionName.length > 64,
      `stage=${stage}: calls a function ${functionName}, and that may have 64 characters`,
    ],
  ];
}

function ofTheApi({ given, environment, isDeployed, region }) {
  const certificateRegion = regionOf(given.certificateArn);
  const isVerifiedByFunctions = !given.jwtIssuer && environment.AUTH_MODE !== "authorizer";
  return [
    [Boolean(given.jwtIssuer) !== Boolean(given.jwtAudience), "jwtIssuer, jwtAudience: one needs the other"],
    [
      !["", "token", "authorizer"].includes(environment.AUTH_MODE ?? ""),
      `AUTH_MODE=${environment.AUTH_MODE}: must be token or authorizer`,
    ],
    [
      isDeployed && isVerifiedByFunctions && !environment.AUTH_PUBLIC_KEY,
      "AUTH_PUBLIC_KEY: is not set, and without it the functions verify no token and serve nothing; jwtIssuer has API Gateway verify them",
    ],
    [
      given.jwtIssuer && environment.AUTH_MODE === "token",
      "jwtIssuer: API Gateway verifies the tokens then, and AUTH_MODE=token says that the functions do",
    ],
    [
      !given.jwtIssuer && environment.AUTH_MODE === "authorizer",
      "AUTH_MODE=authorizer: API Gateway verifies the tokens then, and without jwtIssuer it does not",
    ],
    [
      Boolean(given.domainName) !== Boolean(given.certificateArn),
      "domainName, certificateArn: one needs the other",
    ],
    [
      certificateRegion && certificateRegion !== region,
      `certificateArn: is of the region ${certificateRegion}, and the stack goes to ${region}`,
    ],
  ];
}

/** What was `given`, with `stack` that has the rest too, contradicts itself or where it goes: a sentence for each. */
exports.contradictions = (context) =>
  [ofTheCache, ofTheNetwork, ofTheConnections, ofTheApi]
    .flatMap((rules) => rules(context))
    .flatMap(([isBroken, reason]) => (isBroken ? [reason] : []));
