(* T5: what a job carries for the machine has no influence on steps 2 to 4, so instances that differ
   in what Amin does not see are decided alike. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model.
From AminRef.facts Require Import Sums.
Import ListNotations.
Open Scope Z_scope.

Section OneRound.
Variables M B : Z.
Context {X Y : Type} (f : X -> Y).

(* The job with something else to carry. *)
Definition relabel (j : job X) : job Y :=
  Job (f (tag j)) (prompt j) (assumed j) (rank j) (generated j).

(* A sum over relabelled jobs. *)
Lemma sum_relabel (g : job Y -> Z) h l :
  (forall j, g (relabel j) = h j) -> sum g (map relabel l) = sum h l.
Proof. intros same. rewrite sum_map. apply sum_ext. auto. Qed.

(* Insertion does not see what jobs carry. *)
Lemma insert_relabel j l :
  insert precedes (relabel j) (map relabel l) = map relabel (insert precedes j l).
Proof.
  induction l as [|i l IH]; cbn [insert map]; [reflexivity|].
  change (precedes (relabel j) (relabel i)) with (precedes j i).
  destruct (precedes j i); cbn [map]; [reflexivity|]. now rewrite IH.
Qed.

(* Nor does the insertion of many. *)
Lemma insert_all_relabel m l :
  insert_all precedes (map relabel m) (map relabel l) = map relabel (insert_all precedes m l).
Proof.
  unfold insert_all. induction m as [|j m IH]; cbn [fold_right map]; [reflexivity|].
  now rewrite IH, insert_relabel.
Qed.

(* Nor does step 3. *)
Lemma evict_relabel l : evict M B (map relabel l) =
  let (E, S) := evict M B l in (map relabel E, map relabel S).
Proof.
  induction l as [|j l IH]; [reflexivity|].
  assert (same : overflows M B (map relabel (j :: l)) = overflows M B (j :: l))
    by (unfold overflows; f_equal; now apply sum_relabel).
  cbn [map evict] in *. rewrite same. destruct (overflows M B (j :: l)); [|reflexivity].
  rewrite IH. now destruct (evict M B l).
Qed.

(* Nor does the test of step 4. *)
Lemma fits_relabel R j : fits M B (map relabel R) (relabel j) = fits M B R j.
Proof.
  unfold fits. now rewrite map_map.
Qed.

(* Nor does step 4. *)
Lemma admit_relabel W R : admit M B (map relabel R) (map relabel W) =
  let (R', L) := admit M B R W in (map relabel R', map relabel L).
Proof.
  revert R. induction W as [|j W IH]; intros R; [reflexivity|]. cbn [map admit].
  rewrite fits_relabel. destruct (fits M B R j); [|reflexivity]. apply (IH (j :: R)).
Qed.

(* Steps 2 to 4 together. *)
Theorem amin_steps_relabel R W : amin_steps M B (map relabel R) (map relabel W) =
  let '(E, R', L) := amin_steps M B R W in (map relabel E, map relabel R', map relabel L).
Proof.
  unfold amin_steps. replace (map refine (map relabel R)) with (map relabel (map refine R))
    by (rewrite !map_map; reflexivity).
  change (@nil (job Y)) with (map relabel []) at 1.
  rewrite insert_all_relabel, evict_relabel.
  destruct (evict M B _) as [E S]. rewrite admit_relabel. now destruct (admit M B S W).
Qed.
End OneRound.

Section Runs.
Variables M B : Z.
Variable other : request -> request.

(* `other` changes nothing that Amin sees: it may change the output length and the upper bound. *)
Definition same_sight : Prop := forall r, id (other r) = id r /\
  prompt_len (other r) = prompt_len r /\ lower (other r) = lower r /\
  arrival (other r) = arrival r /\ rank_of (other r) = rank_of r.

(* The state with the other requests. *)
Definition seen (s : state) : state :=
  State (now s) (map (relabel other) (running s)) (map (relabel other) (waiting s))
    (map other (coming s))
    (map (fun x => Run (other (of x)) (start x) (stop x) (completed x)) (log s)).

(* In the round of s, each request completes in both instances or in neither. *)
Definition told_alike (s : state) : Prop :=
  let (arrived, _) := partition (fun r => arrival r <=? now s) (coming s) in
  let queue := insert_all precedes (map (new_job (amin M B)) arrived) (waiting s) in
  let '(_, running', _) := amin_steps M B (running s) queue in
  Forall (fun j => has_all (relabel other (generate j)) = has_all (generate j)) running'.

(* Two tests that agree split a list alike. *)
Lemma partition_map {A C} (p : A -> bool) (q : C -> bool) (f : A -> C) l :
  Forall (fun x => q (f x) = p x) l ->
  partition q (map f l) = let (a, b) := partition p l in (map f a, map f b).
Proof.
  induction 1 as [|x l same _ IH]; [reflexivity|]. cbn. rewrite same, IH.
  destruct (partition p l). now destruct (p x).
Qed.

(* One round. *)
Lemma round_seen s : same_sight -> told_alike s ->
  round (amin M B) (seen s) = seen (round (amin M B) s).
Proof.
  intros sight. unfold told_alike, round. cbn [now running waiting coming log seen].
  rewrite (partition_map (fun r => arrival r <=? now s)).
  2:{ apply Forall_forall. intros r _. now destruct (sight r) as (_ & _ & _ & -> & _). }
  destruct (partition (fun r => arrival r <=? now s) (coming s)) as [arrived later].
  cbn [before amin steps].
  replace (map (new_job (amin M B)) (map other arrived))
    with (map (relabel other) (map (new_job (amin M B)) arrived)).
  2:{ rewrite !map_map. apply map_ext. intros r. unfold new_job, relabel. cbn.
      now destruct (sight r) as (_ & -> & -> & _ & ->). }
  rewrite insert_all_relabel, amin_steps_relabel.
  destruct (amin_steps M B (running s) _) as [[E R] L]. intros alike_told.
  replace (map generate (map (relabel other) R)) with (map (relabel other) (map generate R))
    by (rewrite !map_map; reflexivity).
  rewrite (partition_map has_all) by (now apply Forall_map).
  destruct (partition has_all (map generate R)) as [finished going]. unfold seen.
  cbn [now running waiting coming log]. rewrite !map_app, !map_map.
  rewrite <- insert_all_relabel, !map_map. reflexivity.
Qed.

(* As long as the same requests are told as completed, the states are the same but for the tags. *)
Theorem runs_seen requests n : same_sight ->
  (forall m, (m < n)%nat -> told_alike (Nat.iter m (round (amin M B)) (begin requests))) ->
  Nat.iter n (round (amin M B)) (begin (map other requests))
  = seen (Nat.iter n (round (amin M B)) (begin requests)).
Proof.
  intros sight. induction n as [|n IH]; intros told; [reflexivity|].
  change (round (amin M B) (Nat.iter n (round (amin M B)) (begin (map other requests)))
    = seen (round (amin M B) (Nat.iter n (round (amin M B)) (begin requests)))).
  rewrite IH by (intros m less; apply told; lia). apply round_seen; [exact sight|]. apply told. lia.
Qed.
End Runs.
