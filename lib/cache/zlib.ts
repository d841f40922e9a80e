/** Only large values and leases of grouped entries need it; loading it would make every cold start a tenth longer. */
export const zlib = () => process.getBuiltinModule("node:zlib");
