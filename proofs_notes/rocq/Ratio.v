(* The volume bound, (V) of the book: what every valid schedule costs at least if all requests
   arrive
   in round 0. The theorems of the ratio compare with it. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Safety Certificate.
From AminRef.facts Require Import Sums Lists Blocks.
Import ListNotations.
Open Scope Z_scope.

(* What a whole run of r occupies, summed over its rounds: v of the book. *)
Definition volume_of (B : Z) (r : request) : Z := volume B r (Z.to_nat (output_len r)).

(* V_1 + V_2 + ..., where V_j is `before` and the first j values of f together. *)
Fixpoint sum_of_totals {A} (f : A -> Z) (before : Z) (l : list A) : Z :=
  match l with
  | [] => 0
  | x :: later => (before + f x) + sum_of_totals f (before + f x) later
  end.

(* All requests arrive in round 0. *)
Definition at_once (requests : list request) : Prop := Forall (fun r => arrival r = 0) requests.

(* The sum over all ordered pairs, those of an element with itself included. *)
Definition pairs {A} (f : A -> A -> Z) (l : list A) : Z := sum (fun x => sum (f x) l) l.

(* The smaller value of a pair. *)
Definition smaller {A} (f : A -> Z) (x y : A) : Z := Z.min (f x) (f y).

(* The pairs of a list with one more element. *)
Lemma pairs_cons {A} (f : A -> A -> Z) x l :
  pairs f (x :: l) = f x x + sum (f x) l + sum (fun y => f y x) l + pairs f l.
Proof. unfold pairs. cbn. rewrite sum_plus. lia. Qed.

(* The order of the elements says nothing. *)
Lemma pairs_perm {A} (f : A -> A -> Z) l m : Permutation l m -> pairs f l = pairs f m.
Proof.
  intros same. unfold pairs. rewrite (sum_perm _ _ _ same). apply sum_ext. intros x _.
  now apply sum_perm.
Qed.

(* Pairs over an image. *)
Lemma pairs_map {A C} (f : C -> C -> Z) (g : A -> C) l :
  pairs f (map g l) = pairs (fun x y => f (g x) (g y)) l.
Proof. unfold pairs. rewrite sum_map. apply sum_ext. intros x _. now rewrite sum_map. Qed.

(* Smaller terms, and smaller by d x for the pair of x with itself. *)
Lemma pairs_le {A} (f h : A -> A -> Z) d l : (forall x y, In x l -> In y l -> h x y <= f x y) ->
  (forall x, In x l -> h x x + d x <= f x x) -> pairs h l + sum d l <= pairs f l.
Proof.
  induction l as [|x l IH]; intros each own; [cbn; lia|]. rewrite !pairs_cons. cbn [sum].
  specialize (own x (or_introl eq_refl)) as own_x.
  assert (sum (h x) l <= sum (f x) l) by (apply sum_le; intros y here; apply each; cbn; auto).
  assert (sum (fun y => h y x) l <= sum (fun y => f y x) l)
    by (apply sum_le; intros y here; apply each; cbn; auto).
  specialize (IH (fun y z here there => each y z (or_intror here) (or_intror there))
    (fun y here => own y (or_intror here))). lia.
Qed.

(* The sum over both orders of each pair. *)
Lemma pairs_both {A} (f : A -> A -> Z) l : pairs (fun x y => f x y + f y x) l = 2 * pairs f l.
Proof.
  unfold pairs. rewrite (sum_ext _ (fun x => sum (f x) l + sum (fun y => f y x) l))
    by (intros x _; apply sum_plus).
  rewrite sum_plus. rewrite <- (sum_exchange f l l). lia.
Qed.

(* In ascending order, the totals add up to the smaller values of all pairs. *)
Lemma totals_are_pairs {A} (f : A -> Z) before l : StronglySorted (fun x y => f x <= f y) l ->
  2 * sum_of_totals f before l
  = 2 * before * Z.of_nat (length l) + pairs (smaller f) l + sum f l.
Proof.
  intros sorted. revert before. induction sorted as [|x l _ IH first]; intros before; [cbn; lia|].
  rewrite pairs_cons. cbn [sum_of_totals sum length]. rewrite Forall_forall in first.
  assert (least : forall y, In y l -> smaller f x y = f x /\ smaller f y x = f x)
    by (intros y here; specialize (first y here); unfold smaller; lia).
  assert (constant : forall c (m : list A), sum (fun _ => c) m = c * Z.of_nat (length m))
    by (intros c m; induction m as [|z m again]; cbn [sum length]; [|rewrite again]; lia).
  rewrite (sum_ext _ (fun _ => f x) l) by (intros y here; now apply least).
  rewrite (sum_ext (fun y => smaller f y x) (fun _ => f x) l)
    by (intros y here; now apply least).
  rewrite constant. specialize (IH (before + f x)). unfold smaller at 1. nia.
Qed.

Section Volume.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* A volume is not negative. *)
Lemma volume_nonneg r n : 0 <= prompt_len r -> 0 <= volume B r n.
Proof.
  intros some. induction n as [|n IH]; cbn [volume]; [lia|].
  pose proof (occ_nonneg B (some_block _ _ _ instance) (prompt_len r + Z.of_nat (S n))). lia.
Qed.

(* What a run has occupied by round n is the volume of its tokens. *)
Lemma held_by x n : 0 <= start x ->
  sum (fun t => holds_in B t x) (map Z.of_nat (seq 0 n))
  = volume B (of x) (Z.to_nat (Z.min (stop x) (Z.of_nat n) - start x)).
Proof.
  intros begun. induction n as [|n IH].
  - cbn. now replace (Z.to_nat (Z.min (stop x) 0 - start x)) with 0%nat by lia.
  - rewrite seq_S, map_app, sum_app, IH. cbn [map sum Nat.add]. unfold holds_in.
    destruct (Z.leb_spec (start x) (Z.of_nat n)); cbn [andb];
      [destruct (Z.ltb_spec (Z.of_nat n) (stop x))|].
    + replace (Z.to_nat (Z.min (stop x) (Z.of_nat (S n)) - start x))
        with (S (Z.to_nat (Z.min (stop x) (Z.of_nat n) - start x))) by lia.
      cbn [volume]. rewrite Z.add_comm, Z.add_0_r. f_equal. f_equal. lia.
    + rewrite !Z.add_0_r. f_equal. lia.
    + rewrite !Z.add_0_r. f_equal. lia.
Qed.

(* By time T, the volumes of the runs that completed fit into T rounds of the cache. *)
Lemma work_done s T : valid M B requests s -> 0 <= T ->
  sum (fun x => if stop x <=? T then volume_of B (of x) else 0) (filter completed s) <= M * T.
Proof.
  intros V some. destruct (without_evictions M B (some_block _ _ _ instance) requests instance s V)
    as [V' _]. set (l := filter completed s) in *.
  assert (whole : sum (fun t => occupancy B l t) (map Z.of_nat (seq 0 (Z.to_nat T))) <= M * T).
  { replace (M * T) with (sum (fun _ => M) (map Z.of_nat (seq 0 (Z.to_nat T)))).
    - apply sum_le. intros t _. exact (within_capacity _ _ _ _ V' t).
    - replace T with (Z.of_nat (Z.to_nat T)) at 2 by lia.
      rewrite <- (seq_length (Z.to_nat T) 0) at 2.
      induction (seq 0 (Z.to_nat T)) as [|n m IH]; cbn [map sum length]; [|rewrite IH]; lia. }
  etransitivity; [|exact whole]. unfold occupancy. rewrite sum_exchange. apply sum_le.
  intros x here. pose proof (valid_sane M B requests instance _ x V' here) as is_sane.
  pose proof (not_before_arrival _ _ _ _ V' x here) as came.
  destruct is_sane as [prompt _ _ _ at_0 _].
  apply filter_In in here as [here done].
  pose proof (completed_length _ _ _ _ V x here done) as len. rewrite held_by by lia.
  destruct (Z.leb_spec (stop x) T); [|apply volume_nonneg; lia].
  apply Z.eq_le_incl. unfold volume_of. f_equal. lia.
Qed.

(* The cost of a schedule of requests that arrive in round 0 is the sum of the completion times. *)
Lemma cost_at_once s : at_once requests -> valid M B requests s ->
  total_latency s = sum stop (filter completed s).
Proof.
  intros zero V. unfold total_latency. apply sum_ext. intros x here.
  unfold at_once in zero. rewrite Forall_forall in zero.
  rewrite (zero (of x)); [lia|]. eapply Permutation_in; [exact (completes_once _ _ _ _ V)|].
  now apply in_map.
Qed.

(* M times the cost, twice: at least the smaller volume of each ordered pair, and all volumes. *)
Theorem cost_of_pairs s : at_once requests -> valid M B requests s ->
  pairs (smaller (volume_of B)) requests + sum (volume_of B) requests <= 2 * M * total_latency s.
Proof.
  intros zero V. rewrite (cost_at_once s zero V).
  rewrite <- (pairs_perm _ _ _ (completes_once _ _ _ _ V)), pairs_map.
  rewrite <- (sum_perm _ _ _ (completes_once _ _ _ _ V)), sum_map.
  set (l := filter completed s). set (v := fun x => volume_of B (of x)).
  set (by_then := fun x y => if stop y <=? stop x then v y else 0).
  assert (known : forall x, In x l -> 0 <= v x /\ 0 <= stop x).
  { intros x here. apply filter_In in here as [here done].
    destruct (valid_sane M B requests instance s x V here) as [prompt output _ _ came _].
    pose proof (not_before_arrival _ _ _ _ V x here).
    pose proof (completed_length _ _ _ _ V x here done).
    split; [apply volume_nonneg|]; lia. }
  transitivity (pairs (fun x y => by_then x y + by_then y x) l).
  - apply pairs_le.
    + intros x y here there. unfold by_then, smaller. change (fun x => volume_of B (of x)) with v.
      apply known in here, there. fold (v x) (v y).
      destruct (Z.leb_spec (stop y) (stop x)), (Z.leb_spec (stop x) (stop y)); lia.
    + intros x _. unfold by_then, smaller. fold (v x). rewrite Z.leb_refl. lia.
  - rewrite pairs_both. enough (pairs by_then l <= M * sum stop l) by lia.
    unfold pairs. rewrite <- sum_scale. apply sum_le. intros x here. unfold by_then.
    apply work_done; [exact V|]. now apply known.
Qed.

(* The cost is at least the number of all tokens. *)
Theorem cost_of_outputs s : at_once requests -> valid M B requests s ->
  sum output_len requests <= total_latency s.
Proof.
  intros zero V. rewrite (cost_at_once s zero V).
  rewrite <- (sum_perm _ _ _ (completes_once _ _ _ _ V)), sum_map. apply sum_le. intros x here.
  apply filter_In in here as [here done].
  destruct (valid_sane M B requests instance s x V here) as [_ _ _ _ came _].
  pose proof (not_before_arrival _ _ _ _ V x here).
  pose proof (completed_length _ _ _ _ V x here done). lia.
Qed.

(* (V) of the book: let `ascending` have the requests in ascending order of volume. *)
Theorem volume_bound s ascending : at_once requests -> valid M B requests s ->
  Permutation ascending requests ->
  StronglySorted (fun a b => volume_of B a <= volume_of B b) ascending ->
  sum output_len requests <= total_latency s /\
  sum_of_totals (volume_of B) 0 ascending <= M * total_latency s.
Proof.
  intros zero V same sorted. split; [now apply cost_of_outputs|].
  pose proof (totals_are_pairs (volume_of B) 0 ascending sorted) as twice.
  rewrite (pairs_perm _ _ _ same), (sum_perm _ _ _ same) in twice.
  pose proof (cost_of_pairs s zero V). lia.
Qed.

End Volume.

(* With blocks of one token, twice the volume in closed form. *)
Lemma volume_closed r n :
  2 * volume 1 r n = Z.of_nat n * (2 * prompt_len r + Z.of_nat n + 1).
Proof.
  induction n as [|n IH]; [reflexivity|]. cbn [volume]. unfold occ. rewrite Z.div_1_r. nia.
Qed.
