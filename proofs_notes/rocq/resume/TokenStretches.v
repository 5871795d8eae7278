(* T21 (c): certificates with stretches where tokens are kept. Each request pays the prices of the
   stretch in which it arrives. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Certificate Formula.
From AminRef.facts Require Import Sums Lists Blocks.
From AminRef.resume Require Import TokenPrices.
Import ListNotations.
Open Scope Z_scope.

(* The prices of a stretch, from round 0 on. *)
Definition from_round_0 (st : stretch) : list Z :=
  repeat 0 (Z.to_nat (first_round st)) ++ token_prices st.

(* d times the bound of Theorem C3 without shares, where tokens are kept. *)
Definition certified_kept (M B d : Z) (sts : list stretch) (requests : list request) : Z :=
  d * sum output_len (filter (outside sts) requests)
  + sum (fun st => bound_kept M B (from_round_0 st) d (filter (inside st) requests)) sts.

(* A part of a list of pairs, by the first of each. *)
Lemma part_of_pairs {A C} (p : A -> bool) (v : list (A * C)) :
  filter p (map fst v) = map fst (filter (fun x => p (fst x)) v).
Proof. induction v as [|x v IH]; cbn; [reflexivity|]. destruct (p (fst x)); cbn; congruence. Qed.

Section Stretches.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable v : list (request * list Z).
Hypothesis V : valid_tokens M B requests v.
Let block := some_block _ _ _ instance.

(* What a request occupies is not negative. *)
Lemma occupies_nonneg r rounds a t : 1 <= prompt_len r -> 0 <= a -> 0 <= occupies B r a rounds t.
Proof.
  intros some. revert a. induction rounds as [|u later IH]; intros a from; cbn [occupies]; [lia|].
  specialize (IH (a + 1) ltac:(lia)).
  pose proof (occ_nonneg B block (prompt_len r + a) ltac:(lia)). destruct (t =? u); lia.
Qed.

(* Some of the requests, in the rounds of the schedule, are a schedule. *)
Lemma part_of_tokens p :
  valid_tokens M B (filter p requests) (filter (fun x => p (fst x)) v).
Proof.
  constructor.
  - rewrite <- part_of_pairs. apply filter_perm. exact (tokens_once _ _ _ _ V).
  - intros x here. apply filter_In in here as [here _]. exact (tokens_rounds _ _ _ _ V x here).
  - intros t. etransitivity; [|exact (tokens_capacity _ _ _ _ V t)]. apply sum_filter_le.
    intros x here. assert (is_known : In (fst x) requests).
    { eapply Permutation_in; [exact (tokens_once _ _ _ _ V)|]. now apply in_map. }
    destruct (sane_in M B requests _ instance is_known) as [some _ _ _ _ _].
    apply occupies_nonneg; lia.
Qed.

(* Theorem C3 where tokens are kept. *)
Theorem certified_kept_le d sts : well_formed d sts = true ->
  certified_kept M B d sts requests <= d * token_cost v.
Proof.
  unfold well_formed. rewrite !andb_true_iff, Z.leb_le, forallb_forall. intros [[some turn] ok].
  unfold token_cost. rewrite (all_stretches _ sts v turn), Z.mul_add_distr_l, <- sum_scale.
  unfold certified_kept. apply Z.add_le_mono.
  - rewrite <- (sum_perm _ _ _ (filter_perm (outside sts) _ _ (tokens_once _ _ _ _ V))).
    rewrite part_of_pairs, sum_map, <- !sum_scale. apply sum_le. intros p here.
    apply filter_In in here as [here _]. destruct (tokens_rounds _ _ _ _ V p here) as [up len].
    pose proof (end_of_rising _ _ up). nia.
  - rewrite <- sum_scale. apply sum_le. intros st here.
    apply (token_certificate M B block); auto using part_of_tokens.
    + apply filter_forall. exact (all_sane _ _ _ instance).
    + specialize (ok st here). unfold stretch_ok in ok. apply andb_prop in ok as [prices _].
      apply Forall_app. split; [|now apply prices_nonneg].
      apply Forall_forall. intros c there. apply repeat_spec in there. lia.
Qed.
End Stretches.

(* T21 in the book's words. *)
Lemma every_token_certificate M B requests prices d : sane_instance M B requests -> 1 <= d ->
  Forall (fun c => 0 <= c) prices ->
  (forall r, In r requests ->
    (forall rounds, token_rounds r rounds ->
      cheapest_rounds B prices d r <= token_pays B prices d r rounds) /\
    exists rounds, token_rounds r rounds /\
      end_of (arrival r) rounds <= Z.max (arrival r) (Z.of_nat (length prices)) + output_len r /\
      cheapest_rounds B prices d r = token_pays B prices d r rounds) /\
  bound_kept M B prices d requests <= bound (usable M B) B prices d requests /\
  forall v, valid_tokens M B requests v ->
    bound_kept M B prices d requests <= d * token_cost v /\
    - (- bound_kept M B prices d requests / d) <= token_cost v /\
    forall sts, well_formed d sts = true -> certified_kept M B d sts requests <= d * token_cost v.
Proof.
  intros instance some nonneg. split; [|split].
  - intros r here. destruct (sane_in M B requests r instance here) as [_ out _ _ came _].
    apply cheapest_rounds_is_least; lia.
  - apply bound_kept_le; [|lia]. exact (all_sane _ _ _ instance).
  - intros v V. pose proof (token_certificate M B (Records.some_block _ _ _ instance) requests
      prices d v (all_sane _ _ _ instance) some nonneg V) as bound. split; [exact bound|].
    split; [|intros sts; now apply certified_kept_le].
    enough (- token_cost v <= - bound_kept M B prices d requests / d) by lia.
    apply Z.div_le_lower_bound; lia.
Qed.
