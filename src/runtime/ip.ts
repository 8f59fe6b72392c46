/** The runtime's functions for IP addresses. */
export { BlockList, isIPv4, isIPv6 } from "node:net";
