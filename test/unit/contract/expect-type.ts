/** True where both are the same type, not merely assignable. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Does not compile where a check does not hold. */
export type Expect<T extends true> = T;
