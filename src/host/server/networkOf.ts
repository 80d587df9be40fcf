/** Who somebody is by their address. Of an IPv6 address the network: whoever has one has all of its addresses. */
export function networkOf(address: string): string {
  return address.includes('.') ? address.slice(0, 50) : address.split(':').slice(0, 4).join(':').slice(0, 50);
}
