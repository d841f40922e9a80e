const ids = (name) => (process.env[name] ? process.env[name].split(",") : undefined);

const vpc = { securityGroupIds: ids("VPC_SECURITY_GROUP_IDS"), subnetIds: ids("VPC_SUBNET_IDS") };

/** Where in the network the functions run. Outside any VPC without the variables; one without the other is refused. */
exports.vpc = vpc.securityGroupIds || vpc.subnetIds ? vpc : undefined;
