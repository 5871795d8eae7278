(* Sections 1 and 2 of the specification: requests, runs, states, and when a schedule is valid.
   Definitions only. Times are rounds, lengths are tokens. *)
From Coq Require Import ZArith List Bool Permutation.
Import ListNotations.
Open Scope Z_scope.

(* A request: prompt length s, output length o, predicted bounds l and u, arrival r, tie-break
   rank. *)
Record request := Request {
  id : Z; prompt_len : Z; output_len : Z; lower : Z; upper : option Z; arrival : Z; rank_of : Z }.

(* The sum of f over a list. *)
Fixpoint sum {A} (f : A -> Z) (l : list A) : Z :=
  match l with [] => 0 | x :: l' => f x + sum f l' end.

(* What x tokens occupy in blocks of B tokens: B times the ceiling of x / B. *)
Definition occ (B x : Z) : Z := B * ((x + B - 1) / B).

(* What `Request` and `Instance` check of one request; the last part is feasibility. *)
Record sane (M B : Z) (r : request) : Prop := Sane {
  some_prompt : 1 <= prompt_len r;
  some_output : 1 <= output_len r;
  sound_lower : 1 <= lower r <= output_len r;
  sound_upper : forall u, upper r = Some u -> output_len r <= u;
  some_arrival : 0 <= arrival r;
  feasible : occ B (prompt_len r + output_len r) <= M }.

(* An instance of capacity M with blocks of B tokens: ids and ranks are distinct. *)
Record sane_instance (M B : Z) (requests : list request) : Prop := SaneInstance {
  some_capacity : 0 <= M;
  some_block : 1 <= B;
  all_sane : Forall (sane M B) requests;
  distinct_ids : NoDup (map id requests);
  distinct_ranks : NoDup (map rank_of requests) }.

(* One run: request `of` runs in the rounds from `start` up to, but not including, `stop`. *)
Record run := Run { of : request; start : Z; stop : Z; completed : bool }.

(* What run x occupies in round t. *)
Definition holds_in (B t : Z) (x : run) : Z :=
  if (start x <=? t) && (t <? stop x) then occ B (prompt_len (of x) + (t - start x) + 1) else 0.

(* What all runs of a schedule occupy in round t. *)
Definition occupancy (B : Z) (s : list run) (t : Z) : Z := sum (holds_in B t) s.

(* Two runs of one request do not overlap. *)
Definition apart (x y : run) : Prop := id (of x) = id (of y) -> stop x <= start y \/ stop y <=
  start x.

(* Section 2: when a set of runs is a valid schedule of the requests. *)
Record valid (M B : Z) (requests : list request) (s : list run) : Prop := Valid {
  completes_once : Permutation (map of (filter completed s)) requests;
  completed_length : forall x, In x s -> completed x = true -> stop x - start x = output_len (of x);
  evicted_length : forall x, In x s -> completed x = false ->
    In (of x) requests /\ 1 <= stop x - start x < output_len (of x);
  not_before_arrival : forall x, In x s -> arrival (of x) <= start x;
  no_overlap : ForallOrdPairs apart s;
  within_capacity : forall t, occupancy B s t <= M }.

(* The cost of a schedule: the sum of completion minus arrival over the completed runs. *)
Definition total_latency (s : list run) : Z :=
  sum (fun x => stop x - arrival (of x)) (filter completed s).

(* What a policy sees of a request, and what it keeps for it: l~ is `assumed`, a is `generated`.
   X is what the job carries for the machine. A function that works for every X cannot read it. *)
Record job (X : Type) := Job { tag : X; prompt : Z; assumed : Z; rank : Z; generated : Z }.
Arguments Job {X}. Arguments tag {X}. Arguments prompt {X}. Arguments assumed {X}.
Arguments rank {X}. Arguments generated {X}.

(* The machine at the start of round `now`: requests that run, wait, and have not arrived; past
   runs. *)
Record state := State {
  now : Z; running : list (job request); waiting : list (job request);
  coming : list request; log : list run }.
