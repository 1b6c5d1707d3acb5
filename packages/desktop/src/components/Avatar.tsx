/** A two-coloured disc that is the same for the same address everywhere. */
export function Avatar({ address, className }: { address: string; className?: string | undefined }) {
  const hue = Number.parseInt(address.slice(2, 6), 16) % 360;
  const background = `conic-gradient(from ${hue}deg, hsl(${hue} 55% 46%), hsl(${(hue + 70) % 360} 60% 62%), hsl(${hue} 55% 46%))`;
  return <span className={className} style={{ background }} aria-hidden="true" />;
}
