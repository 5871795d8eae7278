(* Doubling budgets, the policy of T19, on the machine of Model.v. Definitions only. *)
From Coq Require Import ZArith List Bool.
From AminRef Require Import Records Model.
Import ListNotations.
Open Scope Z_scope.

Section Doubling.
Variables M B : Z.

Section Steps.
Context {X : Type}.
Notation job := (job X).

(* The budget of the phase: the least that is assumed of a job that runs or waits. *)
Definition budget_now (jobs : list job) : Z :=
  match jobs with
  | [] => 0
  | j :: others => fold_right (fun i least => Z.min (assumed i) least) (assumed j) others
  end.

(* Job j has generated as many tokens as its budget. *)
Definition used_up (j : job) : bool := generated j =? assumed j.

(* Job j with the budget of the next phase: twice as much, at most what fits beside its prompt. *)
Definition raised (j : job) : job :=
  Job (tag j) (prompt j) (Z.min (2 * assumed j) (B * (M / B) - prompt j)) (rank j) (generated j).

(* Evict those that used up their budgets. Those that waited with the budget of the phase are tried
   in the order of the queue, with the budget reserved; the others wait for the next phase. *)
Definition doubling_steps (running queue : list job) : list job * list job * list job :=
  let b := budget_now (running ++ queue) in
  let (used, stay) := partition used_up running in
  let (untried, tried) := partition (fun j => assumed j =? b) queue in
  let (running', left) := admit M B stay untried in
  (map raised used, running', left ++ tried).

End Steps.

(* The policy: l is the budget of phase 0, and `earlier` may be any order. *)
Definition doubling (l : Z) (earlier : job request -> job request -> bool) : policy :=
  Policy (fun _ => l) earlier doubling_steps.

End Doubling.
