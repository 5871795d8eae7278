(* What one round of Amin does on the machine that keeps tokens, in the words of the book: T3, T6,
   T7 (a) and T8. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps Policies Chosen.
From AminRef.resume Require Import Keeping Kept.
Import ListNotations.
Open Scope Z_scope.

(* The place where a list is cut. *)
Lemma cut_at {A} (l m : list A) :
  firstn (length l) (l ++ m) = l /\ skipn (length l) (l ++ m) = m.
Proof.
  split; [now rewrite firstn_app, firstn_all, Nat.sub_diag, app_nil_r|].
  now rewrite skipn_app, skipn_all, Nat.sub_diag.
Qed.

Section Rules.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.

Section Round.
Variable s : state.
Variables E R L S A : list (job request).
Hypothesis good : keeps M B requests s.
Hypothesis decided : decided_by (amin M B) s = (E, R, L).
Hypothesis lined_up : line_up (running s) = E ++ S.
Hypothesis queued : queue_of (amin M B) s = A ++ L.
Hypothesis running_now : Permutation R (S ++ A).
Hypothesis fit : never_exceeds M B (S ++ A).
Let s' := keeping_round (amin M B) s.

(* From j to j', one round later: l~ does not fall, it rises only if j runs, and by at most 1. *)
Definition risen_to (j j' : job request) : Prop :=
  assumed j <= assumed j' <= assumed j + 1 /\ (assumed j' = assumed j \/ In j (running s)).

(* A job that is evicted or stays comes from one that ran. *)
Lemma from_cache i : In i (E ++ S) ->
  exists j, In j (running s) /\ tag j = tag i /\ risen_to j i.
Proof.
  rewrite <- lined_up. intros here. apply (Permutation_in _ (line_up_perm _)) in here.
  apply in_map_iff in here as (j & <- & here). exists j. repeat split; auto;
    rewrite learnt_assumed; [lia|]. pose proof (keeps_running _ _ _ s good) as all.
  rewrite Forall_forall in all. destruct (all j here) as (_ & _ & near & _). lia.
Qed.

(* Every job of the next round comes from one of this round. *)
Lemma comes_from j' : In j' (running s' ++ waiting s') -> exists j,
  In j (running s ++ waiting s ++ map arrives (arriving s)) /\ tag j = tag j' /\ risen_to j j'.
Proof.
  assert (old : forall i, In i (E ++ S) -> exists j,
    In j (running s ++ waiting s ++ map arrives (arriving s)) /\ tag j = tag i /\ risen_to j i).
  { intros i here. destruct (from_cache i here) as (j & there & risen). exists j.
    split; [apply in_app_iff; auto|exact risen]. }
  assert (new : forall i, In i (A ++ L) -> exists j,
    In j (running s ++ waiting s ++ map arrives (arriving s)) /\ tag j = tag i /\ risen_to j i).
  { intros i here. exists i. split; [|split; [reflexivity|split; [lia|now left]]].
    rewrite <- queued in here. apply (Permutation_in _ (queue_of_perm _ s)) in here.
    apply in_app_iff. now right. }
  unfold s'. rewrite (next_state M B s E R L decided). cbn [running waiting]. intros here.
  apply in_app_iff in here as [here|here].
  - apply filter_In in here as [here _]. apply in_map_iff in here as (i & <- & here).
    apply (Permutation_in _ running_now) in here.
    apply in_app_iff in here as [here|here]; [apply (old i)|apply (new i)]; apply in_app_iff; auto.
  - apply (Permutation_in _ (insert_all_perm precedes E L)) in here.
    apply in_app_iff in here as [here|here]; [apply (old j')|apply (new j')];
      apply in_app_iff; auto.
Qed.

(* T3, second half. *)
Lemma rises_slowly j j' : In j (running s ++ waiting s) -> In j' (running s' ++ waiting s') ->
  tag j = tag j' -> risen_to j j'.
Proof.
  intros here there same. destruct (comes_from j' there) as (i & from & same' & risen).
  enough (i = j) by (subst; exact risen).
  apply (nodup_same tag (running s ++ waiting s ++ map arrives (arriving s)));
    [|exact from|rewrite app_assoc; apply in_app_iff; auto|congruence].
  pose proof (NoDup_map_inv _ _ (distinct_ids _ _ _ instance)) as distinct.
  rewrite <- (keeps_once _ _ _ s good) in distinct.
  apply nodup_app in distinct as (_ & distinct & _).
  rewrite (coming_perm s), !app_assoc in distinct. apply nodup_app in distinct as (distinct & _).
  rewrite !map_app, map_map. cbn. now rewrite map_id, app_assoc.
Qed.

(* One request alone fits. *)
Lemma alone_fits j : In j (E ++ S) \/ In j (A ++ L) -> never_exceeds M B [j].
Proof.
  intros here. assert (facts : known_job requests j /\ generated j < output_len (tag j)).
  { destruct here as [here|here].
    - destruct (in_cache M B requests s E S good lined_up j here) as (known & (range & _) & _).
      split; [exact known|lia].
    - destruct (in_queue M B requests instance s L A good queued j here) as (known & _ & less & _).
      now split. }
  destruct facts as ((is_known & _ & same & low) & more). intros k later.
  destruct (sane_of M B requests instance _ is_known) as [_ some low' _ _ feasible].
  rewrite as_assumed_sum. cbn. rewrite Z.add_0_r. pose proof (some_capacity _ _ _ instance).
  destruct (Z.ltb_spec k (more_tokens j)) as [inside|after]; [|lia].
  unfold will_hold, more_tokens in *. rewrite whole_blocks_occ by exact block.
  etransitivity; [|exact feasible]. apply occ_mono; [exact block|].
  destruct (Z.ltb_spec (generated j) (assumed j)); lia.
Qed.

Hypothesis needed :
  forall i, (i < length E)%nat -> M < next_tokens B (skipn i (line_up (running s))).
Hypothesis stop : forall w l, L = w :: l -> ~ never_exceeds M B (S ++ A ++ [w]).

(* Lemma 5: the greatest of the running requests is not evicted. *)
Lemma greatest_stays : running s <> [] -> S <> [].
Proof.
  intros some none. pose proof lined_up as line. rewrite none, app_nil_r in line.
  assert (either : E = [] \/ exists E0 x0, E = E0 ++ [x0])
    by (clear; induction E using rev_ind; eauto).
  destruct either as [no_E|(E0 & x0 & shape)].
  - apply some. pose proof (line_up_perm (running s)) as same. rewrite line, no_E in same.
    apply Permutation_nil in same. now apply map_eq_nil in same.
  - pose proof (needed (length E0)) as last. rewrite line, shape, app_length in last. cbn in last.
    specialize (last ltac:(lia)). rewrite (proj2 (cut_at E0 [x0])) in last.
    assert (alone : never_exceeds M B [x0]); [|specialize (alone 0 (Z.le_refl 0))].
    { apply alone_fits. left. rewrite shape, !in_app_iff. left. right. now left. }
    rewrite next_tokens_now in last. lia.
Qed.

(* T8: if some request runs, waits or arrives, some request generates a token in this round. *)
Lemma busy_round : running s ++ waiting s ++ map arrives (arriving s) <> [] -> R <> [].
Proof.
  intros some none. rewrite none in running_now. apply Permutation_nil in running_now.
  apply app_eq_nil in running_now as [no_S no_A].
  assert (idle : running s = []).
  { assert (either : running s = [] \/ running s <> [])
      by (clear; destruct (running s); [now left|now right]).
    destruct either as [idle|busy]; [exact idle|]. exfalso. now apply greatest_stays. }
  rewrite idle in some. cbn [app] in some. pose proof (queue_of_perm (amin M B) s) as all.
  rewrite queued, no_A in all. cbn [app] in all.
  assert (either : L = [] \/ exists w l, L = w :: l)
    by (clear; destruct L as [|w l]; [now left|right; eauto]).
  destruct either as [none'|(w & l & shape)].
  - rewrite none' in all. apply Permutation_nil in all. now apply some.
  - apply (stop w l shape). rewrite no_S, no_A. apply alone_fits. right.
    rewrite shape, in_app_iff. right. now left.
Qed.
End Round.

Variable n : nat.
Let s := keeping (amin M B) requests n.
Let good := always_keeps M B requests instance n.

(* T3. *)
Lemma bounds_hold_kept :
  (forall j, In j (running s ++ waiting s) -> lower (tag j) <= assumed j /\
    assumed j <= Z.max (lower (tag j)) (output_len (tag j) - 1) <= output_len (tag j)) /\
  (let s' := keeping (amin M B) requests (Datatypes.S n) in
    forall j j', In j (running s ++ waiting s) -> In j' (running s' ++ waiting s') ->
    tag j = tag j' ->
    assumed j <= assumed j' <= assumed j + 1 /\ (assumed j' = assumed j \/ In j (running s))).
Proof.
  split.
  - intros j here. assert (known : known_job requests j).
    { pose proof (keeps_running _ _ _ _ good) as all. pose proof (keeps_waiting _ _ _ _ good) as
        all'. rewrite Forall_forall in all, all'.
      apply in_app_iff in here as [here|here]; [now apply all|now apply all']. }
    destruct known as (is_known & _ & _ & range).
    destruct (sane_of M B requests instance _ is_known) as [_ _ low _ _ _]. lia.
  - intros s' j j' here there same.
    destruct (decided_by (amin M B) s) as [[E R] L] eqn:decided.
    destruct (decided_parts M B requests instance s E R L good decided)
      as (S & A & lined_up & queued & now_running & _).
    exact (rises_slowly s E R L S A good decided lined_up queued now_running j j' here there same).
Qed.

Variables E R L : list (job request).
Hypothesis decided : decided_by (amin M B) s = (E, R, L).

(* T6. *)
Lemma evictions_minimal_kept : exists x k,
  ascending x /\ Permutation x (map learnt (running s)) /\
  E = firstn k x /\ (exists A, Permutation R (skipn k x ++ A)) /\
  next_tokens B (skipn k x) <= M /\ (forall i, (i < k)%nat -> M < next_tokens B (skipn i x)) /\
  (x <> [] -> (k < length x)%nat).
Proof.
  destruct (decided_parts M B requests instance s E R L good decided)
    as (S & A & lined_up & queued & now_running & next & needed & _ & _).
  exists (line_up (running s)), (length E).
  split; [apply line_up_ascends; now apply (ranks_distinct M B requests instance)|].
  split; [apply line_up_perm|]. destruct (cut_at E S) as [first rest].
  split; [now rewrite lined_up, first|]. rewrite lined_up, rest, <- lined_up.
  split; [now exists A|]. split; [exact next|]. split; [exact needed|]. intros some.
  rewrite lined_up, app_length. destruct S as [|x S'] eqn:shape; [exfalso|cbn; lia].
  apply (greatest_stays s E L S A good); auto; rewrite ?shape; auto. intros none.
  apply some. unfold line_up. now rewrite none.
Qed.

(* T7 (a). *)
Lemma admission_maximal_kept : exists S w m, Permutation (E ++ S) (map learnt (running s)) /\
  ascending w /\ Permutation w (waiting s ++ map arrives (arriving s)) /\
  Permutation R (S ++ firstn m w) /\ L = skipn m w /\
  (forall i, (i <= m)%nat -> never_exceeds M B (S ++ firstn i w)) /\
  (forall i, (m < i <= length w)%nat -> ~ never_exceeds M B (S ++ firstn i w)).
Proof.
  destruct (decided_parts M B requests instance s E R L good decided)
    as (S & A & lined_up & queued & now_running & _ & _ & fit & stop).
  exists S, (queue_of (amin M B) s), (length A).
  assert (counted : Forall counts (queue_of (amin M B) s)).
  { rewrite queued. apply Forall_forall. intros j here.
    destruct (in_queue M B requests instance s L A good queued j here) as (known & same & _).
    apply (counts_job M B requests instance s good); [exact known|lia]. }
  split; [rewrite <- lined_up; apply line_up_perm|].
  split; [apply strictly; [apply insert_all_in_order; exact (keeps_order _ _ _ _ good)|];
    now apply (ranks_distinct M B requests instance)|].
  split; [apply queue_of_perm|]. rewrite queued in *. destruct (cut_at A L) as [first rest].
  rewrite first, rest. repeat split; auto.
  - intros i less. rewrite firstn_app, (proj2 (Nat.sub_0_le i (length A)) less), app_nil_r.
    apply (fits_before M B block _ (skipn i A)).
    + apply Forall_app in counted as [counted _]. rewrite <- (firstn_skipn i A) in counted.
      now apply Forall_app in counted.
    + now rewrite <- app_assoc, firstn_skipn.
  - intros i [more most] all. destruct L as [|w l] eqn:shape.
    { rewrite app_nil_r in most. lia. }
    apply (stop w l eq_refl). apply (fits_before M B block _ (firstn (i - length A - 1) l)).
    + apply Forall_app in counted as [_ counted]. apply Forall_cons_iff in counted as [_ counted].
      rewrite <- (firstn_skipn (i - length A - 1) l) in counted.
      now apply Forall_app in counted.
    + rewrite firstn_app, firstn_all2 in all by lia.
      replace (i - length A)%nat with (Datatypes.S (i - length A - 1)) in all by lia.
      cbn [firstn] in all. now rewrite <- !app_assoc in *.
Qed.

(* T8. *)
Lemma never_idle_kept : running s ++ waiting s ++ map arrives (arriving s) <> [] -> R <> [].
Proof.
  destruct (decided_parts M B requests instance s E R L good decided)
    as (S & A & lined_up & queued & now_running & _ & needed & _ & stop).
  exact (busy_round s E R L S A good lined_up queued now_running needed stop).
Qed.
End Rules.
