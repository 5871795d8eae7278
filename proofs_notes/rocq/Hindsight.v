(* The book's statements about OPT and certificates: Lemmas 6 and 7, T10, T11, Theorem C3. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Safety Refine Certificate Starts Formula Verify Telescope.
From AminRef Require Import Optimum.
From AminRef.facts Require Import Sums Lists.
Import ListNotations.
Open Scope Z_scope.

(* Lemma C1 with a share as the checker accepts it. *)
Lemma shares_of_vectors M B early f t v : 1 <= B ->
  share_ok (length (share_prices f)) f = true -> early <= lead f -> start_vector M B v ->
  sum (fun p => counted M B early f (fst p) (t - snd p + 1)) v <= places f * most f.
Proof.
  intros block ok less vector. apply share_ok_spec in ok as (parameters & _).
  now apply shares_hold.
Qed.

Section Statements.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* Blocks, capacity and requests of the instance. *)
Let block : 1 <= B := Records.some_block _ _ _ instance.
Let capacity : 0 <= M := some_capacity _ _ _ instance.
Let all : Forall (sane M B) requests := all_sane _ _ _ instance.

(* OPT is the cost of an optimal start vector. *)
Lemma optimum_is_optimal n :
  optimum M B requests n <-> exists v, optimal M B requests v /\ cost_of v = n.
Proof.
  split.
  - intros [(s & V & <-) low].
    destruct (starts_of_valid M B block requests s instance V) as (vector & once & same).
    exists (starts_of s). split; [|exact same]. constructor; auto. intros v vector' once'.
    destruct (as_runs_valid M B requests v instance vector' once') as [V' <-]. rewrite same. auto.
  - intros (v & [vector once low] & <-).
    destruct (as_runs_valid M B requests v instance vector once) as [V same].
    split; [eauto|]. intros s V'.
    destruct (starts_of_valid M B block requests s instance V') as (vector' & once' & <-). auto.
Qed.

(* OPT is one number. *)
Lemma one_optimum : exists n, optimum M B requests n /\
  forall n', optimum M B requests n' -> n' = n.
Proof.
  destruct (optimal_exists M B block capacity requests all) as (v & _ & best).
  exists (cost_of v). assert (opt : optimum M B requests (cost_of v))
    by (apply optimum_is_optimal; eauto). split; [exact opt|].
  destruct opt as [(s & V & same) low]. intros n' [(s' & V' & <-) low'].
  specialize (low s' V'). specialize (low' s V). lia.
Qed.

(* Lemma 6. *)
Lemma no_gain_by_evicting :
  (forall s, valid M B requests s -> valid M B requests (filter completed s) /\
    total_latency (filter completed s) = total_latency s) /\
  (forall n, optimum M B requests n <-> exists v, optimal M B requests v /\ cost_of v = n) /\
  exists n, optimum M B requests n /\ forall n', optimum M B requests n' -> n' = n.
Proof.
  split; [|split; [exact optimum_is_optimal|exact one_optimum]].
  intros s. apply without_evictions; assumption.
Qed.

(* Some run ends with the makespan. *)
Lemma makespan_reached v t : 0 <= t < makespan v ->
  exists p, In p v /\ t < snd p + output_len (fst p).
Proof.
  unfold makespan. induction v as [|p v IH]; cbn [fold_right In]; intros range; [lia|].
  destruct (Z.lt_ge_cases t (snd p + output_len (fst p))) as [here|before]; [eauto|].
  destruct IH as (q & there & later); [lia|eauto].
Qed.

(* Lemma 7. *)
Lemma finite_starts v : optimal M B requests v ->
  (forall t, last_arrival requests <= t < makespan v ->
    exists p, In p v /\ snd p <= t < snd p + output_len (fst p)) /\
  forall p, In p v -> arrival (fst p) <= snd p <=
    last_arrival requests + sum output_len requests - output_len (fst p).
Proof.
  intros best. split.
  - intros t range. assert (0 <= last_arrival requests)
      by (unfold last_arrival; clear; induction requests; cbn [fold_right]; lia).
    destruct (makespan_reached v t ltac:(lia)) as (p & here & unfinished).
    destruct (always_busy M B requests v best t p) as (q & there & runs); auto; [lia|].
    exists q. unfold runs_in in runs. rewrite andb_true_iff, Z.leb_le, Z.ltb_lt in runs. auto.
  - intros p here. split; [exact (placed_late _ _ _ (is_vector _ _ _ _ best) p here)|].
    exact (none_starts_late M B requests v best p here).
Qed.

(* Prices of 0 prove the sum of the output lengths. *)
Lemma free_rounds d n : 1 <= d ->
  bound M B (repeat 0 n) d requests = d * sum output_len requests.
Proof.
  intros some. unfold bound.
  assert (no_rent : forall r k, rent B (repeat 0 n) r k = 0)
    by (intros r; induction n as [|m IH]; intros k; cbn [repeat rent]; [|rewrite IH]; lia).
  assert (no_price : sum (fun c => c) (repeat 0 n) = 0)
    by (apply sum_zero; intros c here; now apply repeat_spec in here).
  rewrite no_price, <- sum_scale. enough (sum (cheapest B (repeat 0 n) d) requests
    = sum (fun r => d * output_len r) requests) by lia.
  apply sum_ext. intros r here. rewrite Forall_forall in all.
  destruct (all r here) as [_ _ _ _ came _].
  destruct (cheapest_attained B (repeat 0 n) d r) as (t & range & same).
  pose proof (cheapest_le B (repeat 0 n) d r (arrival r) ltac:(lia) came ltac:(lia)) as least_pay.
  unfold pays in *. rewrite no_rent in *. nia.
Qed.

(* Rounded up, a bound on d times a whole number bounds the number. *)
Lemma rounded_up b d n : 1 <= d -> b <= d * n -> - (- b / d) <= n.
Proof. intros some low. enough (- n <= - b / d) by lia. apply Z.div_le_lower_bound; lia. Qed.

(* T10. *)
Lemma every_price_vector prices d : 1 <= d -> Forall (fun c => 0 <= c) prices ->
  (forall n, optimum M B requests n ->
    bound M B prices d requests <= d * n /\ - (- bound M B prices d requests / d) <= n /\
    bound M B prices d requests <= bound (usable M B) B prices d requests <= d * n) /\
  (forall r, In r requests ->
    (forall t, arrival r <= t -> cheapest B prices d r <= pays B prices d r t) /\
    exists t, arrival r <= t <= Z.max (arrival r) (Z.of_nat (length prices)) /\
      cheapest B prices d r = pays B prices d r t) /\
  forall rounds, bound M B (repeat 0 rounds) d requests = d * sum output_len requests.
Proof.
  intros some nonneg. destruct (every_certificate M B requests prices d instance some nonneg)
    as [low attained]. split; [|split; [exact attained|]].
  - intros n opt. specialize (low n opt). split; [lia|]. split; [|exact low].
    apply rounded_up; [exact some|lia].
  - intros rounds. now apply free_rounds.
Qed.

(* Theorem C3. *)
Lemma every_certificate_bounds d sts n : optimum M B requests n -> well_formed d sts = true ->
  certified M B d sts requests <= d * n.
Proof.
  intros [(s & V & <-) _] ok.
  destruct (vector_in_order M B block requests s instance V) as (v & <- & vector & <-).
  now apply certified_le_cost.
Qed.

(* bound <= OPT, for each certificate that the checker accepts and for each price vector. *)
Lemma bounds_optimum n : optimum M B requests n ->
  (forall d sts b, verify M B d sts requests = Some b -> b <= n) /\
  (forall prices d, 1 <= d -> Forall (fun c => 0 <= c) prices ->
    - (- bound (usable M B) B prices d requests / d) <= n).
Proof.
  intros opt. split.
  - destruct opt as [(s & V & <-) _]. intros d sts b made.
    exact (verify_sound M B d sts requests s b instance made V).
  - intros prices d some nonneg. apply rounded_up; [exact some|].
    now apply (every_certificate M B requests prices d instance some nonneg).
Qed.

(* OPT does not rise with the capacity. *)
Lemma optimum_capacity M' n n' : M <= M' -> optimum M B requests n -> optimum M' B requests n' ->
  n' <= n.
Proof.
  intros more [(s & [once len evicted came separate fit] & <-) _] [_ low]. apply low.
  constructor; auto. intros t. specialize (fit t). lia.
Qed.
End Statements.

(* An instance without one of its requests. *)
Lemma without_one M B a r b : sane_instance M B (a ++ r :: b) -> sane_instance M B (a ++ b).
Proof.
  intros [capacity block all ids ranks]. constructor; auto.
  - rewrite Forall_app in *. destruct all as [first all]. inversion_clear all. auto.
  - rewrite map_app in *. cbn [map] in ids. now apply NoDup_remove_1 in ids.
  - rewrite map_app in *. cbn [map] in ranks. now apply NoDup_remove_1 in ranks.
Qed.

(* The start vector of an instance, split at one request. *)
Lemma split_vector (v : list placed) a r b : map fst v = a ++ r :: b ->
  exists v1 t v2, v = v1 ++ (r, t) :: v2 /\ map fst v1 = a /\ map fst v2 = b.
Proof.
  revert v. induction a as [|q a IH]; intros [|[r' t] v] same; try discriminate.
  - injection same as -> same. exists [], t, v. auto.
  - injection same as -> same. destruct (IH v same) as (v1 & t' & v2 & -> & <- & <-).
    exists ((q, t) :: v1), t', v2. auto.
Qed.

(* OPT falls when a request is dropped. *)
Lemma optimum_drop M B a r b n n' : sane_instance M B (a ++ r :: b) ->
  optimum M B (a ++ r :: b) n -> optimum M B (a ++ b) n' -> n' + 1 <= n.
Proof.
  intros instance [(s & V & <-) _] [_ low]. pose proof (Records.some_block _ _ _ instance) as block.
  destruct (vector_in_order M B block _ s instance V) as (v & same & [all late fit] & <-).
  destruct (split_vector v a r b same) as (v1 & t & v2 & -> & <- & <-).
  assert (part : forall p, In p (v1 ++ v2) -> In p (v1 ++ (r, t) :: v2))
    by (intros p; rewrite !in_app_iff; cbn; tauto).
  assert (here : In (r, t) (v1 ++ (r, t) :: v2)) by (apply in_app_iff; cbn; auto).
  destruct (as_runs_valid M B (map fst v1 ++ map fst v2) (v1 ++ v2)) as [V' cheap].
  - now apply without_one in instance.
  - constructor; auto. intros x. etransitivity; [|exact (fit x)]. unfold load. rewrite !sum_app.
    cbn [sum fst snd]. pose proof (occ_of_nonneg M B r (x - t) block (all (r, t) here)). lia.
  - now rewrite map_app.
  - specialize (low _ V'). rewrite cheap in low. specialize (late _ here).
    destruct (all _ here) as [_ some _ _ _ _]. unfold cost_of in *. rewrite !sum_app in *.
    cbn [sum fst snd] in *. unfold placed in *. lia.
Qed.

(* A shorter request occupies at most the same. *)
Lemma shorter_occupies B r r' k : 1 <= B -> 1 <= prompt_len r -> prompt_len r' = prompt_len r ->
  output_len r' <= output_len r -> occ_of B r' k <= occ_of B r k.
Proof.
  intros block some same less. unfold occ_of. rewrite same.
  destruct (Z.leb_spec 0 k), (Z.ltb_spec k (output_len r')), (Z.ltb_spec k (output_len r));
    cbn [andb]; try lia. apply Blocks.occ_nonneg; lia.
Qed.

(* OPT falls when a request becomes shorter. *)
Lemma optimum_shorter M B a r r' b n n' : sane_instance M B (a ++ r :: b) ->
  sane_instance M B (a ++ r' :: b) -> prompt_len r' = prompt_len r -> arrival r' = arrival r ->
  output_len r' <= output_len r -> optimum M B (a ++ r :: b) n ->
  optimum M B (a ++ r' :: b) n' -> n' + (output_len r - output_len r') <= n.
Proof.
  intros instance instance' prompts arrivals less [(s & V & <-) _] [_ low].
  pose proof (Records.some_block _ _ _ instance) as block.
  destruct (vector_in_order M B block _ s instance V) as (v & same & [all late fit] & <-).
  destruct (split_vector v a r b same) as (v1 & t & v2 & -> & <- & <-).
  assert (here : In (r, t) (v1 ++ (r, t) :: v2)) by (apply in_app_iff; cbn; auto).
  assert (others : forall p, In p (v1 ++ (r', t) :: v2) -> p = (r', t) \/ In p (v1 ++ (r, t) :: v2))
    by (intros p; rewrite !in_app_iff; cbn; intuition).
  destruct (as_runs_valid M B _ (v1 ++ (r', t) :: v2) instance') as [V' cheap].
  - constructor.
    + intros p there. apply (fun x => proj1 (Forall_forall _ _) (all_sane _ _ _ instance') (fst p)
      x).
      apply (in_map fst) in there. now rewrite map_app in there.
    + intros p there. destruct (others p there) as [->|old]; [|auto]. specialize (late _ here).
      cbn [fst snd] in *. lia.
    + intros x. etransitivity; [|exact (fit x)]. unfold load. rewrite !sum_app. cbn [sum fst snd].
      destruct (all _ here) as [some _ _ _ _ _].
      pose proof (shorter_occupies B r r' (x - t) block some prompts less). lia.
  - now rewrite map_app.
  - specialize (low _ V'). rewrite cheap in low. unfold cost_of in *. rewrite !sum_app in *.
    cbn [sum fst snd] in *. unfold placed in *. lia.
Qed.

(* T11. *)
Lemma bound_optimum_policies M B requests n : sane_instance M B requests ->
  optimum M B requests n ->
  (forall d sts b, verify M B d sts requests = Some b -> b <= n) /\
  (forall prices d, 1 <= d -> Forall (fun c => 0 <= c) prices ->
    - (- bound (usable M B) B prices d requests / d) <= n) /\
  (forall s, valid M B requests s -> n <= total_latency s) /\
  (forall fuel s, simulate (amin M B) fuel requests = Some s -> n <= total_latency s) /\
  (forall M' n', M <= M' -> optimum M' B requests n' -> n' <= n) /\
  (forall a r b n', requests = a ++ r :: b -> optimum M B (a ++ b) n' -> n' + 1 <= n) /\
  (forall a r r' b n', requests = a ++ r :: b -> sane_instance M B (a ++ r' :: b) ->
    prompt_len r' = prompt_len r -> arrival r' = arrival r -> output_len r' <= output_len r ->
    optimum M B (a ++ r' :: b) n' -> n' + (output_len r - output_len r') <= n).
Proof.
  intros instance opt. destruct (bounds_optimum M B requests instance n opt) as [proved prices].
  pose proof opt as [_ low]. repeat split; auto.
  - intros fuel s made. apply low, (amin_schedule_valid M B requests instance).
    apply (schedules_are_simulated M B requests instance). eauto.
  - intros M' n' more opt'. exact (optimum_capacity M B requests M' n n' more opt opt').
  - intros a r b n' -> opt'. exact (optimum_drop M B a r b n n' instance opt opt').
  - intros a r r' b n' -> instance' prompts arrivals less opt'.
    exact (optimum_shorter M B a r r' b n n' instance instance' prompts arrivals less opt opt').
Qed.
