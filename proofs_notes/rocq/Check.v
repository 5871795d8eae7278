(* A checker of schedules: a program, and that it accepts exactly the valid schedules of section
   2. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Safety.
From AminRef.facts Require Import Sums Lists Steps.
Import ListNotations.
Open Scope Z_scope.

(* Are two requests the same? *)
Definition same (a b : request) : bool := if request_dec a b then true else false.

(* Run x, by itself: it is one of the requests', not too early, and as long as it should be. *)
Definition run_ok (requests : list request) (x : run) : bool :=
  (arrival (of x) <=? start x) &&
  (if completed x then stop x - start x =? output_len (of x)
   else existsb (same (of x)) requests && (1 <=? stop x - start x)
        && (stop x - start x <? output_len (of x))).

(* Two runs, if they are of one request, do not overlap. *)
Definition apart_ok (x y : run) : bool :=
  negb (id (of x) =? id (of y)) || (stop x <=? start y) || (stop y <=? start x).

(* All pairs of runs. *)
Fixpoint all_apart (s : list run) : bool :=
  match s with [] => true | x :: others => forallb (apart_ok x) others && all_apart others end.

(* Two lists have the same requests equally often. *)
Definition equally_often (l m : list request) : bool :=
  forallb (fun r => Nat.eqb (count_occ request_dec l r) (count_occ request_dec m r)) (l ++ m).

(* The round after the last run. *)
Definition last_stop (s : list run) : Z := fold_right (fun x t => Z.max (stop x) t) 0 s.

(* The checker. *)
Definition check (M B : Z) (requests : list request) (s : list run) : bool :=
  forallb (run_ok requests) s && equally_often (map of (filter completed s)) requests
  && all_apart s && all_below (fun t => occupancy B s t <=? M) (Z.to_nat (last_stop s)).

(* The test of equality. *)
Lemma same_spec a b : same a b = true <-> a = b.
Proof. unfold same. now destruct (request_dec a b). Qed.

(* The test of permutations. *)
Lemma equally_often_spec l m : equally_often l m = true <-> Permutation l m.
Proof.
  rewrite (Permutation_count_occ request_dec). unfold equally_often.
  rewrite forallb_forall. split; intros all r.
  - destruct (in_dec request_dec r (l ++ m)) as [here|not].
    + apply Nat.eqb_eq. auto.
    + rewrite in_app_iff in not. rewrite !(proj1 (count_occ_not_In request_dec _ _)) by tauto.
      reflexivity.
  - intros _. apply Nat.eqb_eq. auto.
Qed.

(* The test of one pair. *)
Lemma apart_ok_spec x y : apart_ok x y = true <-> apart x y.
Proof.
  unfold apart_ok, apart. rewrite !orb_true_iff, negb_true_iff, Z.eqb_neq, !Z.leb_le.
  destruct (Z.eq_dec (id (of x)) (id (of y))); tauto.
Qed.

(* The test of all pairs. *)
Lemma all_apart_spec s : all_apart s = true <-> ForallOrdPairs apart s.
Proof.
  induction s as [|x s IH]; cbn [all_apart]; [split; constructor|].
  rewrite andb_true_iff, IH, forallb_forall. split.
  - intros [first rest]. constructor; [|exact rest]. apply Forall_forall. intros y here.
    now apply apart_ok_spec, first.
  - intros pairs. inversion_clear pairs as [|z l first rest]. split; [|exact rest].
    rewrite Forall_forall in first. intros y here. now apply apart_ok_spec, first.
Qed.

(* No run ends after the last stop. *)
Lemma last_stop_ge x s : In x s -> stop x <= last_stop s.
Proof.
  unfold last_stop. induction s as [|y s IH]; cbn; [easy|].
  intros [<-|here]; [lia|]. specialize (IH here). lia.
Qed.

Section Check.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* A run of the requests occupies nothing before round 0 or after the last stop. *)
Lemma idle_outside s t : (forall x, In x s -> In (of x) requests /\ arrival (of x) <= start x) ->
  t < 0 \/ last_stop s <= t -> occupancy B s t = 0.
Proof.
  intros all outside. apply sum_zero. intros x here. destruct (all x here) as [is_known came].
  destruct (sane_of M B requests instance _ is_known) as [_ _ _ _ some _].
  pose proof (last_stop_ge x s here). unfold holds_in. destruct outside as [early|late].
  - now replace (start x <=? t) with false by (symmetry; apply Z.leb_gt; lia).
  - replace (t <? stop x) with false by (symmetry; apply Z.ltb_ge; lia). now rewrite andb_false_r.
Qed.

(* The test of one run. *)
Lemma run_ok_spec x : run_ok requests x = true <-> arrival (of x) <= start x /\
  (if completed x then stop x - start x = output_len (of x)
   else In (of x) requests /\ 1 <= stop x - start x < output_len (of x)).
Proof.
  unfold run_ok. rewrite andb_true_iff, Z.leb_le. destruct (completed x).
  - now rewrite Z.eqb_eq.
  - rewrite !andb_true_iff, existsb_exists, Z.leb_le, Z.ltb_lt. split.
    + intros (came & ((r & here & one) & some) & less). apply same_spec in one. subst. auto.
    + intros (came & here & some & less). repeat split; auto. exists (of x). now rewrite same_spec.
Qed.

(* The checker accepts valid schedules and no others. *)
Theorem check_spec s : check M B requests s = true <-> valid M B requests s.
Proof.
  unfold check. rewrite !andb_true_iff, equally_often_spec, all_apart_spec, all_below_spec,
    forallb_forall. setoid_rewrite run_ok_spec. split.
  - intros [[[each once_each] separate] fit].
    assert (all : forall x, In x s -> In (of x) requests /\ arrival (of x) <= start x).
    { intros x here. destruct (each x here) as [came len]. split; [|exact came].
      destruct (completed x) eqn:done; [|tauto]. eapply Permutation_in; [exact once_each|].
      apply in_map, filter_In. auto. }
    constructor; auto.
    + intros x here done. destruct (each x here) as [_ len]. now rewrite done in len.
    + intros x here out. destruct (each x here) as [_ len]. now rewrite out in len.
    + intros x here. now apply all.
    + intros t. destruct (Z.lt_ge_cases t 0) as [early|from_0];
        [|destruct (Z.lt_ge_cases t (last_stop s)) as [inside|late]].
      * rewrite idle_outside; auto. exact (some_capacity _ _ _ instance).
      * apply Z.leb_le, fit. lia.
      * rewrite idle_outside; auto. exact (some_capacity _ _ _ instance).
  - intros [once_each len evicted_len came separate fit].
    split; [split; [split|]|]; [|exact once_each|exact separate|].
    + intros x here. split; [now apply came|]. destruct (completed x) eqn:done; auto.
    + intros t _. apply Z.leb_le, fit.
Qed.
End Check.
