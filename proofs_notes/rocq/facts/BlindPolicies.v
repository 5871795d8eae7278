(* T5 for FCFS and Amax: a policy whose order, assumed lengths and steps are the same for two
   instances decides both alike, as long as the same requests complete. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec.
From AminRef.facts Require Import Sums Blind Policies.
Import ListNotations.
Open Scope Z_scope.

(* In the round of s, each request completes in both instances or in neither. *)
Definition told_alike_by (p : policy) (other : request -> request) (s : state) : Prop :=
  let '(_, R, _) := decided_by p s in
  Forall (fun j => has_all (relabel other (one_more j)) = has_all (one_more j)) R.

(* Two tests that agree choose the same elements. *)
Lemma filter_map {A C} (q : A -> bool) (q' : C -> bool) (f : A -> C) l :
  Forall (fun x => q' (f x) = q x) l -> filter q' (map f l) = map f (filter q l).
Proof.
  induction 1 as [|x l same _ IH]; [reflexivity|]. cbn. rewrite same, IH. now destruct (q x).
Qed.

Section Blind.
Variable p : policy.
Variable other : request -> request.
Notation re := (relabel other).
Hypothesis arrives_alike : forall r, arrival (other r) = arrival r.
Hypothesis job_alike : forall r, new_job p (other r) = re (new_job p r).
Hypothesis order_alike : forall i j, before p (re i) (re j) = before p i j.
Hypothesis steps_alike : forall R W, steps p (map re R) (map re W) =
  let '(E, R', L) := steps p R W in (map re E, map re R', map re L).

(* Insertion does not see what differs. *)
Lemma insert_all_alike m l :
  insert_all (before p) (map re m) (map re l) = map re (insert_all (before p) m l).
Proof.
  assert (one : forall j k, insert (before p) (re j) (map re k) = map re (insert (before p) j k)).
  { intros j k. induction k as [|i k IH]; cbn [insert map]; [reflexivity|].
    rewrite order_alike. destruct (before p j i); cbn [map]; [reflexivity|]. now rewrite IH. }
  unfold insert_all. induction m as [|j m IH]; cbn [fold_right map]; [reflexivity|].
  now rewrite IH, one.
Qed.

(* Nor does the decision. *)
Lemma decided_alike s : decided_by p (seen other s) =
  let '(E, R, L) := decided_by p s in (map re E, map re R, map re L).
Proof.
  unfold decided_by, queue_of, arriving. cbn [running waiting coming now seen].
  rewrite (filter_map (fun r => arrival r <=? now s))
    by (apply Forall_forall; intros r _; now rewrite arrives_alike).
  replace (map (new_job p) (map other (filter (fun r => arrival r <=? now s) (coming s))))
    with (map re (map (new_job p) (filter (fun r => arrival r <=? now s) (coming s))))
    by (rewrite !map_map; apply map_ext; intros r; now rewrite job_alike).
  now rewrite insert_all_alike, steps_alike.
Qed.

(* One round. *)
Lemma round_alike s : told_alike_by p other s -> round p (seen other s) = seen other (round p s).
Proof.
  unfold told_alike_by. destruct (decided_by p s) as [[E R] L] eqn:decided. intros told.
  rewrite (round_of p s E R L decided).
  rewrite (round_of p (seen other s) (map re E) (map re R) (map re L))
    by now rewrite decided_alike, decided.
  unfold seen, coming_later. cbn [now running waiting coming log].
  replace (map one_more (map re R)) with (map re (map one_more R))
    by (rewrite !map_map; reflexivity).
  rewrite (filter_map has_all has_all re), (filter_map unfinished unfinished re).
  - rewrite (filter_map (fun r => negb (arrival r <=? now s)))
      by (apply Forall_forall; intros r _; now rewrite arrives_alike).
    replace (map thrown_back (map re E)) with (map re (map thrown_back E))
      by (rewrite !map_map; reflexivity).
    rewrite insert_all_alike, !map_app, !map_map. reflexivity.
  - apply Forall_map. eapply Forall_impl; [|exact told]. intros j same. unfold unfinished.
    now rewrite same.
  - now apply Forall_map.
Qed.

(* Whole runs. *)
Lemma runs_alike requests n :
  (forall m, (m < n)%nat -> told_alike_by p other (Nat.iter m (round p) (begin requests))) ->
  Nat.iter n (round p) (begin (map other requests))
  = seen other (Nat.iter n (round p) (begin requests)).
Proof.
  induction n as [|n IH]; intros told; [reflexivity|].
  change (round p (Nat.iter n (round p) (begin (map other requests)))
    = seen other (round p (Nat.iter n (round p) (begin requests)))).
  rewrite IH by (intros m less; apply told; lia). apply round_alike, told. lia.
Qed.
End Blind.

(* The steps of Amax and FCFS do not see what jobs carry. *)
Lemma fcfs_steps_alike M B {X Y : Type} (f : X -> Y) R W :
  reserving_steps M B (map (relabel f) R) (map (relabel f) W) =
    (let '(E, R', L) := reserving_steps M B R W in
      (map (relabel f) E, map (relabel f) R', map (relabel f) L)) /\
  fcfs_steps M B (map (relabel f) R) (map (relabel f) W) =
    let '(E, R', L) := fcfs_steps M B R W in
      (map (relabel f) E, map (relabel f) R', map (relabel f) L).
Proof.
  assert (step_4 : forall S, reserving_steps M B (map (relabel f) S) (map (relabel f) W) =
    let '(E, R', L) := reserving_steps M B S W in
      (map (relabel f) E, map (relabel f) R', map (relabel f) L)).
  { intros S. unfold reserving_steps. rewrite admit_relabel. now destruct (admit M B S W). }
  split; [apply step_4|]. unfold fcfs_steps. rewrite evict_relabel.
  destruct (evict M B R) as [[|x E] S]; [apply step_4|reflexivity].
Qed.

(* T5 for FCFS, and for Amax if the upper bounds are the same. *)
Theorem policies_blind M B p other requests n : same_sight other ->
  p = fcfs M B \/ p = amax M B /\ (forall r, upper (other r) = upper r) ->
  (forall m, (m < n)%nat -> told_alike_by p other (Nat.iter m (round p) (begin requests))) ->
  Nat.iter n (round p) (begin (map other requests))
  = seen other (Nat.iter n (round p) (begin requests)).
Proof.
  intros sight is. apply runs_alike.
  - intros r. apply sight.
  - intros r. destruct (sight r) as (_ & prompt_same & _ & _ & rank_same).
    destruct is as [->|[-> upper_same]]; unfold new_job, relabel; cbn;
      unfold pessimistic; rewrite ?upper_same, prompt_same, rank_same; reflexivity.
  - intros i j. destruct is as [->|[-> _]]; [|reflexivity]. cbn. unfold by_number. cbn.
    destruct (sight (tag i)) as (_ & _ & _ & -> & _).
    now destruct (sight (tag j)) as (_ & _ & _ & -> & _).
  - intros R W. destruct is as [->|[-> _]]; apply fcfs_steps_alike.
Qed.
