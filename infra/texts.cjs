/** The parameters as texts, for where CloudFormation compares them or wants nothing else. */
module.exports = async ({ resolveVariable }) => {
  const stack = await resolveVariable("self:custom.stack");
  return Object.fromEntries(Object.entries(stack).map(([name, value]) => [name, String(value)]));
};
