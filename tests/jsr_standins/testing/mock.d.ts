// The signatures of jsr:@std/testing@1/mock that tests use.
// deno-lint-ignore-file no-explicit-any

/** The error of a spy or a stub set up or restored wrongly. */
export class MockError extends Error {
  constructor(message: string);
}

/** A call of a spy. */
export interface SpyCall<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> {
  args: Args;
  returned?: Return;
  error?: Error;
  self?: Self;
}

/** A function with recorded calls. */
export interface Spy<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> {
  (this: Self, ...args: Args): Return;
  original: (this: Self, ...args: Args) => Return;
  calls: SpyCall<Self, Args, Return>[];
  restored: boolean;
  restore(): void;
}

/** A method with recorded calls, until restored. */
export interface MethodSpy<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> extends Spy<Self, Args, Return>, Disposable {}

/** A constructor with recorded calls. */
export interface ConstructorSpy<Self = any, Args extends unknown[] = any[]> {
  new (...args: Args): Self;
  original: new (...args: Args) => Self;
  calls: SpyCall<Self, Args, Self>[];
  restored: boolean;
  restore(): void;
}

/** A method replaced by a function with recorded calls. */
export interface Stub<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> extends MethodSpy<Self, Args, Return> {
  fake: (this: Self, ...args: Args) => Return;
}

export type SpyLike<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> = Spy<Self, Args, Return> | ConstructorSpy<Self, Args>;

export type GetParametersFromProp<Self, Prop extends keyof Self> =
  Self[Prop] extends (...args: infer Args) => unknown ? Args : unknown[];

export type GetReturnFromProp<Self, Prop extends keyof Self> =
  Self[Prop] extends (...args: any[]) => infer Return ? Return : unknown;

/** The expected call of a spy. */
export interface ExpectedSpyCall<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> {
  args?: [...Args, ...unknown[]];
  self?: Self;
  returned?: Return;
  error?: {
    Class?: new (...args: any[]) => Error;
    msgIncludes?: string;
  };
}

export function spy<
  Self = any,
  Args extends unknown[] = any[],
  Return = undefined,
>(): Spy<Self, Args, Return>;
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
export function spy<Self, Args extends unknown[]>(
  constructor: new (...args: Args) => Self,
): ConstructorSpy<Self, Args>;
export function spy<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<
  Self,
  GetParametersFromProp<Self, Prop>,
  GetReturnFromProp<Self, Prop>
>;

export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): Stub<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func: (
    this: Self,
    ...args: GetParametersFromProp<Self, Prop>
  ) => GetReturnFromProp<Self, Prop>,
): Stub<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;

export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Return>,
  expectedCalls: number,
): void;
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  expected?: ExpectedSpyCall<Self, Args, Return>,
): void;

export function returnsNext<
  Return,
  Self = any,
  Args extends unknown[] = any[],
>(
  values: Iterable<Return | Error>,
): (this: Self, ...args: Args) => Return;
