(* L3 of proofs_notes/conformance.md: which rounds `conform` need not look at. Definitions only. *)
From Coq Require Import ZArith List Bool.
From AminRef Require Import Records Spec Check Conform.
Import ListNotations.
Open Scope Z_scope.

Section Quiet.
Variables M B : Z.
Variable le : job request -> job request -> bool.
Variable requests : list request.
Variable l : list run.

(* No request arrives, starts or stops in round t. *)
Definition quiet (t : Z) : Prop :=
  (forall r, In r requests -> arrival r <> t) /\ (forall x, In x l -> start x <> t /\ stop x <> t).

(* Nor in any round from t to t'. *)
Definition quiet_from (t t' : Z) : Prop := t <= t' /\ forall u, t <= u <= t' -> quiet u.

(* Those that run in round t, and those that wait, if the rounds before are the schedule's. *)
Definition running_in (t : Z) : list (job request) := after_2 (state_at requests l t).
Definition waiting_in (t : Z) : list (job request) := queue_of (state_at requests l t).

(* What those that run in round t are assumed to hold in round tau. *)
Definition planned_in (t tau : Z) : Z := as_assumed B (tau - t) (running_in t).

(* Job w stands at the lowest place of those that wait in round t. *)
Definition lowest_in (t : Z) (w : job request) : Prop :=
  In w (waiting_in t) /\ forall v, In v (waiting_in t) -> le w v = true.

(* Job w does not fit if it starts in round t', for a reason that the state of round t shows:
   - its first token has no room beside what is held in round t;
   - it exceeds the cache in a planned round tau, in which it still runs and generates its token
     number tau - t' + 1;
   - it exceeds the cache in its last assumed round if it starts in round t, and no planned run
     completes between that round and its last assumed round if it starts in round t'. *)
Inductive too_large (t t' : Z) (w : job request) : Prop :=
  | no_room : M < occupancy B l t + occ B (prompt w + 1) -> too_large t t' w
  | exceeds_in tau : t' <= tau < t' + more_tokens w ->
      M < planned_in t tau + occ B (prompt w + (tau - t' + 1)) -> too_large t t' w
  | exceeds_at_end : let last := t + more_tokens w - 1 in
      M < planned_in t last + occ B (prompt w + more_tokens w) ->
      (forall j, In j (running_in t) -> last < t + more_tokens j ->
        last + (t' - t) < t + more_tokens j) -> too_large t t' w.

(* Round t' may be skipped: it is quiet, and no request waits, or one at the lowest place does not
   fit for a reason that an earlier quiet round, or this one, shows. *)
Definition may_skip (t' : Z) : Prop := quiet t' /\ (waiting_in t' = [] \/
  exists t w, quiet_from t t' /\ lowest_in t w /\ too_large t t' w).

(* `first_wrong` and `conform`, looking only at the rounds that `looks` names. *)
Fixpoint first_wrong_of (looks : Z -> bool) (n : nat) (t : Z) : option Z :=
  match n with
  | O => None
  | S m => if looks t && negb (round_ok M B le requests l t) then Some t
           else first_wrong_of looks m (t + 1)
  end.
Definition conform_looking_at (looks : Z -> bool) : verdict :=
  if check M B requests l then
    match first_wrong_of looks (Z.to_nat (last_stop l)) 0 with
    | Some t => Departs t | None => Conforms end
  else Invalid.
End Quiet.
