import type { AwsReply } from "./aws-endpoint.ts";

export const ARN = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:redis-AbCdEf";
export const JSON_1_1 = "application/x-amz-json-1.1";

/** What Secrets Manager answers for a secret, and for one that it does not give. */
export function secret(value: { SecretString: string } | { SecretBinary: string }): AwsReply {
  const about = { ARN, Name: "redis", VersionId: "v", VersionStages: ["AWSCURRENT"], CreatedDate: 1.7e9 };
  return { status: 200, contentType: JSON_1_1, body: JSON.stringify({ ...about, ...value }) };
}

export const holding = (text: string) => secret({ SecretString: text });

export function refusal(status: number, type: string, message = "no"): AwsReply {
  return { status, contentType: JSON_1_1, body: JSON.stringify({ __type: type, Message: message }) };
}
