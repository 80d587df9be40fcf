/** The few names of the platform that Node and browsers share, so that this layer needs the types of neither. */

declare function setTimeout(work: () => void, ms: number): { readonly timer: unique symbol };
declare function clearTimeout(timer: { readonly timer: symbol } | undefined): void;
