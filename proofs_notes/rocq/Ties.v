(* When a schedule conforms, as proofs_notes/conformance.md defines it: each round is one of
   Spec.v's
   under some ranking of the requests, which breaks the ties of that round. No program. *)
From Coq Require Import ZArith List Bool Permutation.
From AminRef Require Import Records Spec.
Import ListNotations.
Open Scope Z_scope.

(* A tie-break of a round. *)
Definition ranking := request -> Z.

(* Job j with the rank that rho gives to its request. *)
Definition with_rank (rho : ranking) (j : job request) : job request :=
  Job (tag j) (prompt j) (assumed j) (rho (tag j)) (generated j).

(* The state after step 1, in which those that arrive in round `now` wait, with the ranks of rho. *)
Definition ties_broken (rho : ranking) (s : state) : state :=
  State (now s) (map (with_rank rho) (running s))
    (map (with_rank rho)
      (waiting s ++ map arrives (filter (fun r => arrival r =? now s) (coming s))))
    (filter (fun r => negb (arrival r =? now s)) (coming s)) (log s).

(* Ties are free: any ranking in which no two requests are level. *)
Definition any_ranking (requests : list request) (rho : ranking) : Prop :=
  NoDup (map rho requests).

(* Ties are given: the ranks of the instance. *)
Definition given_ranks (rho : ranking) : Prop := forall r, rho r = rank_of r.

(* Run x as far as it has come by time t. *)
Definition cut (t : Z) (x : run) : run :=
  if t <? stop x then Run (of x) (start x) t false else x.

(* The runs of a schedule by time t: what the rounds before t decided. *)
Definition so_far (t : Z) (l : list run) : list run :=
  map (cut t) (filter (fun x => start x <? t) l).

Section Ties.
Variables M B : Z.
Variable allowed : ranking -> Prop.
Variable requests : list request.

(* The states that rounds of Amin lead to, if each round breaks ties by some allowed ranking. *)
Inductive possible : state -> Prop :=
  | possible_first s : alike s (State 0 [] [] requests []) -> possible s
  | possible_next s rho s' : possible s -> allowed rho ->
      amin_round M B (ties_broken rho s) s' -> possible s'.

(* A schedule conforms if such rounds make its runs. *)
Definition conforming (l : list run) : Prop :=
  exists s, possible s /\ finished_state s /\ Permutation l (log s).

(* Such rounds make the runs of l up to time t. *)
Definition conforming_until (t : Z) (l : list run) : Prop :=
  exists s, possible s /\ now s = t /\ Permutation (runs_so_far s) (so_far t l).
End Ties.
