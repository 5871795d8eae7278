(* The relation of Spec.v determines each round, and its schedules are those that `simulate`
   makes. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Ranks Machine Rounds.
Import ListNotations.
Open Scope Z_scope.

Section Unique.
Variables M B : Z.

(* Running and waiting requests determine who is evicted, stays, is admitted and waits on. *)
Theorem decision_unique {X} (R R' W W' E S A L E' S' A' L' : list (job X)) :
  Permutation R R' -> Permutation W W' ->
  decision M B R W E S A L -> decision M B R' W' E' S' A' L' ->
  Permutation E E' /\ Permutation S S' /\ Permutation A A' /\ Permutation L L'.
Proof.
  intros same_R same_W [ran needed enough waited fit no_fit] [ran' needed' enough' waited' fit'
    no_fit'].
  assert (same_ES : Permutation (E ++ S) (E' ++ S'))
    by (rewrite <- ran, <- ran'; now apply Permutation_map).
  assert (same_AL : Permutation (A ++ L) (A' ++ L')) by now rewrite <- waited, <- waited'.
  assert (tokens : forall x, next_tokens B (not_below x (E ++ S)) = next_tokens B (not_below x (E'
    ++ S')))
    by (intros x; now apply next_tokens_perm, filter_perm).
  destruct (split_unique (fun x => M < next_tokens B (not_below x (E ++ S))) E S E' S')
    as [same_E same_S]; auto.
  - eapply Forall_impl; [|exact enough]. cbn. intros x. lia.
  - eapply Forall_impl; [|exact needed']. intros x. now rewrite tokens.
  - eapply Forall_impl; [|exact enough']. cbn. intros x. rewrite tokens. lia.
  - assert (plans : forall w, never_exceeds M B (S ++ not_above w (A ++ L)) <->
                              never_exceeds M B (S' ++ not_above w (A' ++ L'))).
    { assert (plan : forall w k, as_assumed B k (S ++ not_above w (A ++ L)) =
        as_assumed B k (S' ++ not_above w (A' ++ L')))
        by (intros w k; apply as_assumed_perm, Permutation_app; [exact same_S|now apply
          filter_perm]).
      intros w. unfold never_exceeds. now setoid_rewrite plan. }
    destruct (split_unique (fun w => never_exceeds M B (S ++ not_above w (A ++ L))) A L A' L')
      as [same_A same_L]; auto.
    + eapply Forall_impl; [|exact fit']. intros w. apply plans.
    + eapply Forall_impl; [|exact no_fit']. intros w no yes. now apply no, plans.
Qed.

(* From a state, a round leads to one state. *)
Theorem amin_round_unique s1 s2 s1' s2' :
  alike s1 s2 -> amin_round M B s1 s1' -> amin_round M B s2 s2' -> alike s1' s2'.
Proof.
  intros [same_now same_R same_W same_C same_log]
    (a & l & E & S & A & L & f & g & parts) (a' & l' & E' & S' & A' & L' & f' & g' & parts').
  destruct parts as [time split_up at_now not_now D gen full part next_R next_W next_C next_L].
  destruct parts' as [time' split_up' at_now' not_now' D' gen' full' part' next_R' next_W' next_C'
    next_L'].
  destruct (split_unique (fun r => arrival r = now s1) a l a' l') as [same_a same_l]; auto.
  { now rewrite <- split_up, <- split_up'. }
  { eapply Forall_impl; [|exact at_now']. cbn. congruence. }
  { eapply Forall_impl; [|exact not_now']. cbn. congruence. }
  destruct (decision_unique _ _ _ _ _ _ _ _ _ _ _ _ same_R
    (Permutation_app same_W (Permutation_map arrives same_a)) D D') as (same_E & same_S & same_A &
      same_L).
  destruct (split_unique (fun j : job request => generated j = output_len (tag j)) f g f' g')
    as [same_f same_g]; auto.
  { rewrite <- gen, <- gen'. now apply Permutation_map, Permutation_app. }
  constructor.
  - lia.
  - now rewrite next_R, next_R'.
  - rewrite next_W, next_W'. now apply Permutation_app, Permutation_map.
  - now rewrite next_C, next_C'.
  - rewrite next_L, next_L', same_now. apply Permutation_app; [now apply Permutation_map|].
    apply Permutation_app; [now apply Permutation_map|exact same_log].
Qed.

(* A round depends on the sets of a state only, not on the order of its lists. *)
Lemma amin_round_alike s1 s2 s' : alike s1 s2 -> amin_round M B s1 s' -> amin_round M B s2 s'.
Proof.
  intros [same_now same_R same_W same_C same_log] (a & l & E & S & A & L & f & g & parts).
  exists a, l, E, S, A, L, f, g.
  destruct parts as [time split_up at_now not_now D gen full part next_R next_W next_C next_L].
  destruct D as [ran needed enough waited fit no_fit].
  constructor; try rewrite <- same_now; auto.
  - now rewrite <- same_C.
  - constructor; auto.
    + rewrite <- ran. symmetry. now apply Permutation_map.
    + rewrite <- waited. now apply Permutation_app_tail.
  - rewrite next_L. now rewrite same_log.
Qed.
End Unique.

Section Refine.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Notation after := (after (amin M B)).

(* The program's states are reached by the relation, and the program's queue is in order. *)
Lemma after_reached n :
  reaches M B requests (after n (begin requests)) /\ in_order (waiting (after n (begin requests))).
Proof.
  induction n as [|n [reached sorted]].
  - split; [|constructor]. apply at_first. now constructor.
  - change (after (Datatypes.S n) (begin requests))
      with (round (amin M B) (after n (begin requests))).
    destruct (round_is M B requests instance _ (reaches_safe M B requests instance _ reached)
      (reaches_ranked M B requests _ reached)
      sorted)
      as [here sorted']. split; [|exact sorted']. eapply next_round; eassumption.
Qed.

(* The states that the relation reaches are the program's. *)
Lemma reaches_after s : reaches M B requests s -> exists n, alike s (after n (begin requests)).
Proof.
  induction 1 as [s first|s s' _ [n IH] here]; [now exists 0%nat|].
  exists (Datatypes.S n). eapply amin_round_unique; [exact IH|exact here|].
  destruct (after_reached n) as [reached sorted].
  now apply (round_is M B requests instance _ (reaches_safe M B requests instance _ reached)
      (reaches_ranked M B requests _ reached)
    sorted).
Qed.

(* From every state that is reached, a round leads on. *)
Theorem round_exists s : reaches M B requests s -> exists s', amin_round M B s s'.
Proof.
  intros reached. destruct (reaches_after s reached) as [n [same_now same_R same_W same_C
    same_log]].
  destruct (after_reached n) as [there sorted].
  exists (round (amin M B) (after n (begin requests))).
  apply (amin_round_alike M B (after n (begin requests))); [now constructor|].
  now apply (round_is M B requests instance _ (reaches_safe M B requests instance _ there)
    (reaches_ranked M B requests _ there) sorted).
Qed.

(* The runs of a state in which no request is left are a valid schedule. *)
Lemma finished_valid s l : safe M B requests s -> finished_state s -> Permutation l (log s) ->
  valid M B requests l.
Proof.
  intros [each _ _ _ _ well separate _ fit] (no_running & no_waiting & no_coming) same.
  rewrite Forall_forall in well. unfold requests_in in each.
  rewrite no_running, no_waiting, no_coming in each. cbn in each. rewrite app_nil_r in each.
  assert (there : forall x, In x l -> In x (log s)) by (intros x; now apply Permutation_in).
  constructor.
  - rewrite (filter_perm _ _ _ same). exact each.
  - intros x here done. destruct (well x (there x here)) as (_ & _ & _ & len). now rewrite done in
      len.
  - intros x here out. destruct (well x (there x here)) as (is_known & _ & _ & len).
    rewrite out in len. auto.
  - intros x here. now destruct (well x (there x here)) as (_ & _ & came & _).
  - apply (pairs_perm _ (log s)); [|now symmetry|exact separate].
    intros x y one both. destruct (one (eq_sym both)); auto.
  - intros t. unfold occupancy. rewrite (sum_perm _ _ _ same). destruct (Z.lt_ge_cases t (now s))
      as [past|future].
    + specialize (fit t past). unfold occupancy, runs_so_far in fit. now rewrite no_running in fit.
    + rewrite sum_zero; [exact (some_capacity _ _ _ instance)|]. intros x here.
      destruct (well x here) as (_ & ended & _). unfold holds_in.
      replace (t <? stop x) with false by (symmetry; apply Z.ltb_ge; lia). now rewrite andb_false_r.
Qed.

(* Every schedule of Amin's is valid. *)
Theorem amin_schedule_valid l : amin_schedule M B requests l -> valid M B requests l.
Proof.
  intros (s & reached & ended & same). eapply finished_valid; [|exact ended|exact same].
  exact (reaches_safe M B requests instance s reached).
Qed.

(* The schedules of the relation are exactly those that `simulate` makes, up to the order of runs.
   *)
Theorem schedules_are_simulated l : amin_schedule M B requests l <->
  exists fuel l', simulate (amin M B) fuel requests = Some l' /\ Permutation l l'.
Proof.
  split.
  - intros (s & reached & (no_running & no_waiting & no_coming) & same).
    destruct (reaches_after s reached) as (n & [_ same_R same_W same_C same_log]).
    exists n, (log (after n (begin requests))). split; [|now rewrite same].
    apply (rounds_spec (amin M B) eq_refl), is_done_spec.
    rewrite no_running in same_R. rewrite no_waiting in same_W.
    rewrite no_coming in same_C. now repeat split; apply Permutation_nil.
  - intros (fuel & l' & made & same). apply rounds_from in made as (n & ended & <-).
    exists (after n (begin requests)). split; [apply after_reached|].
    split; [now apply is_done_spec|exact same].
Qed.

(* Two schedules of the relation have the same runs. *)
Theorem schedule_unique l l' :
  amin_schedule M B requests l -> amin_schedule M B requests l' -> Permutation l l'.
Proof.
  assert (same : forall s n m, is_done (after n s) = true -> (n <= m)%nat ->
    log (after m s) = log (after n s)).
  { intros s n m ended less. replace m with ((m - n) + n)%nat by lia.
    rewrite after_add. now apply (after_end (amin M B) eq_refl). }
  rewrite !schedules_are_simulated. intros (f & k & made & is) (f' & k' & made' & is').
  rewrite is, is'. apply rounds_from in made as (n & ended & <-).
  apply rounds_from in made' as (m & ended' & <-).
  destruct (Nat.le_ge_cases n m) as [less|more].
  - now rewrite (same _ n m ended less).
  - now rewrite (same _ m n ended' more).
Qed.
End Refine.
