/** GiB of the size `large` in each class of Graviton; all other sizes follow from it. */
const OF_LARGE = { t: 8, m: 8, c: 4, r: 16, x: 32 };
const SMALLER = { nano: 1 / 16, micro: 1 / 8, small: 1 / 4, medium: 1 / 2, large: 1, xlarge: 2 };

const TYPE = /^([tmcrx])\d+g[a-z]*\.(?:(nano|micro|small|medium|large|xlarge)|(\d{1,2})xlarge)$/;

/** How many GiB an instance type such as `t4g.small` has; undefined for what is no such type. */
exports.memoryOf = (instanceType) => {
  const [, family, size, times] = TYPE.exec(instanceType) ?? [];
  if (!family) return undefined;
  return OF_LARGE[family] * (size ? SMALLER[size] : SMALLER.xlarge * Number(times));
};
