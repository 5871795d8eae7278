(* The checker of Verify.v computes the bound of Formula.v: what a request pays is a sum of a few
   entries of the tables, and what a share counts is a sum of ramps. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Certificate Starts Formula Verify Tables.
From AminRef.facts Require Import Sums Blocks.
Import ListNotations.
Open Scope Z_scope.

(* The costs that `token_costs` makes. *)
Lemma item_token_costs d B p q here n l1 l2 l3 l4 i : 0 <= i < Z.of_nat n ->
  item (token_costs d B p q here n l1 l2 l3 l4) i =
  here + d * i + B * (p * item l1 i + item l2 i - item l3 i - q * item l4 i).
Proof.
  revert here l1 l2 l3 l4 i. induction n as [|n IH]; intros here l1 l2 l3 l4 i range; [lia|].
  cbn [token_costs item]. rewrite !hd_item. destruct (Z.eqb_spec i 0) as [->|later]; [lia|].
  rewrite IH, !tl_item by lia. replace (i - 1 + 1) with i by lia. lia.
Qed.

(* There are n. *)
Lemma length_token_costs d B p q here n l1 l2 l3 l4 :
  length (token_costs d B p q here n l1 l2 l3 l4) = n.
Proof. revert here l1 l2 l3 l4. induction n; cbn [token_costs length]; congruence. Qed.

(* Costs with an addition. *)
Lemma item_plus_scaled c l costs i : 0 <= i < Z.of_nat (length costs) ->
  item (plus_scaled c l costs) i = item costs i + c * item l i.
Proof.
  revert l i. induction costs as [|x costs IH]; intros l i range; cbn [length] in range; [lia|].
  destruct l as [|y l]; cbn [plus_scaled item]; [lia|].
  destruct (Z.eqb_spec i 0); [reflexivity|]. apply IH. lia.
Qed.

(* There are as many as before. *)
Lemma length_plus_scaled c l costs : length (plus_scaled c l costs) = length costs.
Proof. revert l. induction costs as [|x costs IH]; intros [|y l]; cbn; auto. Qed.

(* The least element, where the elements are the values of a function. *)
Lemma smallest_is f from n l : length l = S n ->
  (forall i, 0 <= i <= Z.of_nat n -> item l i = f (from + i)) -> smallest l = least f from n.
Proof.
  revert from l. induction n as [|n IH]; intros from l long value; cbn [least].
  - destruct l as [|x [|y l]]; try discriminate. rewrite <- (Z.add_0_r from), <- value by lia.
    reflexivity.
  - destruct l as [|x l]; [discriminate|]. injection long as long.
  rewrite <- (IH (from + 1) l long).
    + replace (f from) with x by (rewrite <- (Z.add_0_r from) at 1; rewrite <- value;
      [reflexivity|lia]).
      destruct l; [discriminate|reflexivity].
    + intros i range. replace (from + 1 + i) with (from + (i + 1)) by lia.
      rewrite <- value by lia. cbn [item]. destruct (Z.eqb_spec (i + 1) 0); [lia|]. f_equal. lia.
Qed.

(* What a request occupies, as flats and stairs: p blocks from the start on, one more whenever its
   length passes a multiple of B, and all given back at the end. *)
Lemma occ_of_stairs B r k : 1 <= B -> 1 <= prompt_len r -> 1 <= output_len r ->
  let p := (prompt_len r + B) / B in
  let q := (prompt_len r + output_len r + B - 1) / B in
  occ_of B r (k - 1) = B * (p * flat k + stairs B (k - (p * B - prompt_len r))
    - stairs B (k - (q * B - prompt_len r)) - q * flat (k - output_len r)).
Proof.
  intros block some more p q. unfold occ_of, occ, stairs, flat.
  set (c := (k + prompt_len r + B - 1) / B).
  replace (prompt_len r + (k - 1) + 1 + B - 1) with (k + prompt_len r + B - 1) by lia. fold c.
  replace (k - (p * B - prompt_len r) + B - 1) with (k + prompt_len r + B - 1 + - p * B) by lia.
  replace (k - (q * B - prompt_len r) + B - 1) with (k + prompt_len r + B - 1 + - q * B) by lia.
  rewrite !Z.div_add by lia. fold c.
  assert (1 <= k -> p <= c) by (intros; apply Z.div_le_mono; lia).
  assert (k <= 1 -> c <= p) by (intros; apply Z.div_le_mono; lia).
  assert (k <= output_len r -> c <= q) by (intros; apply Z.div_le_mono; lia).
  assert (output_len r <= k -> q <= c) by (intros; apply Z.div_le_mono; lia).
  destruct (Z.leb_spec 0 (k - 1)), (Z.ltb_spec (k - 1) (output_len r)), (Z.leb_spec 1 k),
    (Z.leb_spec 1 (k - output_len r)); cbn [andb]; nia.
Qed.

(* So the payment for tokens is four entries of the tables. *)
Lemma tokens_telescope B r l t : 1 <= B -> 1 <= prompt_len r -> 1 <= output_len r -> 0 <= t ->
  let p := (prompt_len r + B) / B in
  let q := (prompt_len r + output_len r + B - 1) / B in
  priced (fun k => occ_of B r (k - 1)) l (1 - t) =
  B * (p * priced flat l (1 - t) + priced (stairs B) l (1 - (t + p * B - prompt_len r))
    - priced (stairs B) l (1 - (t + q * B - prompt_len r))
    - q * priced flat l (1 - (t + output_len r))).
Proof.
  intros block some more from_0 p q.
  rewrite (priced_ext _ (fun k => (B * p) * flat k + (B * stairs B (k - (p * B - prompt_len r))
    + (- B * stairs B (k - (q * B - prompt_len r)) + (- (B * q) * flat (k - output_len r) + 0)))))
    by (intros k _; rewrite (occ_of_stairs B r k block some more); fold p q; lia).
  rewrite priced_plus, (priced_plus B), (priced_plus (- B)), (priced_plus (- (B * q))),
    !priced_shift.
  rewrite (priced_zero (fun _ => 0)) by reflexivity.
  replace (1 - t - (p * B - prompt_len r)) with (1 - (t + p * B - prompt_len r)) by lia.
  replace (1 - t - (q * B - prompt_len r)) with (1 - (t + q * B - prompt_len r)) by lia.
  replace (1 - t - output_len r) with (1 - (t + output_len r)) by lia. lia.
Qed.

(* The second difference of a function. *)
Definition bend (w : Z -> Z) (a : Z) : Z := w (a + 1) - 2 * w a + w (a - 1).

(* The ages k, ..., k + n - 1. *)
Definition ages (k : Z) (n : nat) : list Z := listed (fun a => a) k n.

(* The bends that are not 0 say all. *)
Lemma bends_are w k n (g : Z -> Z) :
  sum (fun b => snd b * g (fst b)) (bends k (w (k - 1)) (w k) (listed w (k + 1) n))
  = sum (fun a => bend w a * g a) (ages k n).
Proof.
  unfold ages. revert k. induction n as [|n IH]; intros k; cbn [listed bends sum]; [reflexivity|].
  specialize (IH (k + 1)). replace (k + 1 - 1) with k in IH by lia. rewrite <- IH.
  unfold bend. destruct (Z.eqb_spec (w (k + 1) - 2 * w k + w (k - 1)) 0) as [none|some].
  - rewrite none. lia.
  - reflexivity.
Qed.

(* A function is its value and slope at one age, and a ramp for each bend after it. *)
Lemma ramps_from w k n x : k <= x <= k + Z.of_nat n ->
  sum (fun a => bend w a * Z.max 0 (x - a)) (ages k n) = w x - w k - (x - k) * (w k - w (k - 1)).
Proof.
  unfold ages. revert k. induction n as [|n IH]; intros k range; cbn [listed sum].
  - assert (x = k) by lia. subst. lia.
  - destruct (Z.eq_dec x k) as [->|after].
    + rewrite sum_zero; [lia|]. intros a here.
      enough (forall m j, In a (listed (fun a => a) j m) -> j <= a) as ascend
        by (apply ascend in here; rewrite Z.max_l; lia).
      clear. induction m as [|m IH]; cbn; intros j; [easy|]. intros [<-|here]; [lia|].
      apply IH in here. lia.
    + rewrite IH by lia. unfold bend. replace (k + 1 - 1) with k by lia. nia.
Qed.

(* The ages in a row, in two parts. *)
Lemma ages_app k n m : ages k (n + m) = ages k n ++ ages (k + Z.of_nat n) m.
Proof.
  unfold ages. revert k. induction n as [|n IH]; intros k; cbn [Nat.add listed app].
  - f_equal. lia.
  - rewrite IH. do 3 f_equal. lia.
Qed.

(* An age of the list. *)
Lemma in_ages a k n : In a (ages k n) -> k <= a < k + Z.of_nat n.
Proof.
  unfold ages. revert k. induction n as [|n IH]; cbn [listed In]; intros k; [easy|].
  intros [<-|here]; [lia|]. apply IH in here. lia.
Qed.

(* A function that is 0 up to age k is a sum of ramps, if its bends up to x are all there. *)
Lemma ramps_are w k n h x : (forall a, a <= k -> w a = 0) -> (forall a, h <= a -> w a = 0) ->
  x <= k + Z.of_nat n \/ h < k + Z.of_nat n \/ h <= k ->
  sum (fun a => bend w a * Z.max 0 (x - a)) (ages k n) = w x.
Proof.
  intros early late enough_bends. destruct (Z.le_gt_cases x k) as [before|after].
  { rewrite (early x before). apply sum_zero. intros a here. apply in_ages in here.
    rewrite Z.max_l; lia. }
  set (m := Z.to_nat (x - k)). assert (far : Z.of_nat m = x - k) by (unfold m; lia).
  assert (whole : forall i, (m <= n + i)%nat ->
    sum (fun a => bend w a * Z.max 0 (x - a)) (ages k (n + i)) = w x).
  { intros i long. rewrite ramps_from, (early k), (early (k - 1)) by lia. lia. }
  rewrite <- (whole m) by lia. rewrite ages_app, sum_app.
  rewrite (sum_zero _ (ages (k + Z.of_nat n) m)); [lia|].
  intros a here. apply in_ages in here. unfold bend.
  destruct enough_bends as [all|[ended|never]]; [rewrite Z.max_l; lia| |].
  - rewrite !late by lia. lia.
  - assert (none : forall i, w i = 0)
      by (intros i; destruct (Z.le_gt_cases i k); [apply early|apply late]; lia).
    rewrite !none. lia.
Qed.

(* A bend of the list has one of its ages. *)
Lemma bends_from k before here l b : In b (bends k before here l) -> k <= fst b.
Proof.
  revert k before here. induction l as [|next l IH]; cbn [bends]; intros k before here; [easy|].
  destruct (_ =? 0).
  - intros there. apply IH in there. lia.
  - intros [<-|there]; [cbn; lia|]. apply IH in there. lia.
Qed.

Section Stretch.
Variables M B d : Z.
Variable st : stretch.
Hypothesis some_block : 1 <= B.
Hypothesis passes : stretch_ok st = true.

(* The table of one share. *)
Definition ramp_of (f : share) : ramp :=
  Ramp f (ahead st f)
    (to_the_end (to_the_end (repeat 0 (Z.to_nat (ahead st f)) ++ share_prices f))).

(* A share of the stretch has the right parameters and as many prices as there are rounds. *)
Lemma share_fits f : In f (shares st) ->
  0 <= ahead st f <= lead f /\ Z.of_nat (length (share_prices f)) = rounds_of st.
Proof.
  intros here. pose proof passes as ok. unfold stretch_ok in ok. apply andb_prop in ok as [_ all].
  rewrite forallb_forall in all. specialize (all f here). apply share_ok_spec in all.
  unfold ahead, rounds_of in *. lia.
Qed.

(* What a share makes a request pay, as ramps from its bends on. *)
Lemma share_telescopes f r t : In f (shares st) -> 0 <= t ->
  sum (fun b => snd b * item (sums (ramp_of f)) (t + fst b + ahead st f))
    (share_bends M B (rounds_of st) (ramp_of f) r)
  = priced (counted M B (ahead st f) f r) (share_prices f) (1 - t).
Proof.
  intros here from_0. destruct (share_fits f here) as [range same].
  set (e := ahead st f) in *. set (w := counted M B e f r).
  assert (early : forall a, a <= - e -> w a = 0).
  { intros a before. unfold w, counted. now replace (- e <? a) with false
      by (symmetry; apply Z.ltb_ge; lia). }
  assert (late : forall a, output_len r - lead f + 1 <= a -> w a = 0).
  { intros a after. unfold w, counted. replace (lead f <=? output_len r - a) with false
      by (symmetry; apply Z.leb_gt; lia). now rewrite andb_false_r. }
  set (padded := repeat 0 (Z.to_nat e) ++ share_prices f).
  unfold share_bends, ramp_of. cbn [share_of Verify.early sums]. fold e padded w.
  set (n := Z.to_nat (Z.min (rounds_of st) (output_len r - lead f + 1) + e + 1)).
  rewrite (sum_ext _ (fun b => snd b * priced (fun x => Z.max 0 (x - fst b)) padded (1 - t - e))).
  - replace (1 - e) with (- e + 1) by lia.
    replace (bends (- e) 0 0) with (bends (- e) (w (- e - 1)) (w (- e)))
      by (rewrite !early by lia; reflexivity).
    rewrite (bends_are w (- e) n (fun a => priced (fun x => Z.max 0 (x - a)) padded (1 - t - e))).
    rewrite (priced_sum (bend w) (fun a x => Z.max 0 (x - a))).
    rewrite (priced_ext _ w).
    + unfold padded. rewrite priced_zeros. f_equal. lia.
    + intros x bounds. unfold padded in bounds. rewrite app_length, repeat_length in bounds.
      apply (ramps_are w (- e) n (output_len r - lead f + 1) x early late). lia.
  - intros b there. apply bends_from in there. rewrite ramp_is, priced_shift by lia.
    do 2 f_equal. lia.
Qed.

(* Additions one after the other. *)
Lemma item_additions (shift : Z * Z -> Z) l bs costs i :
  (forall b, In b bs -> 0 <= shift b) -> 0 <= i < Z.of_nat (length costs) ->
  let all := fold_right (fun b => plus_scaled (snd b) (drop (shift b) l)) costs bs in
  length all = length costs /\
  item all i = item costs i + sum (fun b => snd b * item l (shift b + i)) bs.
Proof.
  intros from_0 range. induction bs as [|b bs IH]; cbn [fold_right sum]; [split;
    [reflexivity|lia]|].
  destruct IH as [long value]; [intros; apply from_0; now right|].
  rewrite length_plus_scaled. split; [exact long|]. rewrite item_plus_scaled by lia.
  rewrite value, item_drop by (try apply from_0; try left; auto; lia). lia.
Qed.

(* The costs with the payments for all shares. *)
Lemma item_shares r waited costs i fs : (forall f, In f fs -> In f (shares st)) ->
  0 <= waited -> 0 <= i < Z.of_nat (length costs) ->
  let all := fold_right (plus_share M B (rounds_of st) waited r) costs (map ramp_of fs) in
  length all = length costs /\
  item all i = item costs i +
    sum (fun f => priced (counted M B (ahead st f) f r) (share_prices f) (1 - (waited + i))) fs.
Proof.
  intros own from_0 range. induction fs as [|f fs IH]; cbn [map fold_right sum].
  - split; [reflexivity|lia].
  - destruct IH as [long value]; [intros; apply own; now right|]. unfold plus_share at 1.
    destruct (item_additions (fun b => waited + fst b + Verify.early (ramp_of f))
      (sums (ramp_of f)) (share_bends M B (rounds_of st) (ramp_of f) r)
      (fold_right (plus_share M B (rounds_of st) waited r) costs (map ramp_of fs)) i)
      as [long' value'].
    + intros b there. apply bends_from in there. cbn [Verify.early ramp_of] in *. lia.
    + lia.
    + split; [etransitivity; eassumption|]. etransitivity; [exact value'|]. rewrite value.
      rewrite <- (share_telescopes f r (waited + i)) by (try apply own; try left; auto; lia).
      rewrite (sum_ext _ (fun b => snd b * item (sums (ramp_of f))
        (waited + i + fst b + ahead st f)))
        by (intros b _; do 2 f_equal; cbn [Verify.early ramp_of]; lia). lia.
Qed.

(* The program's list has the brackets. *)
Lemma item_brackets r i : sane M B r -> inside st r = true ->
  0 <= i <= stop_of st + overtime st - arrival r ->
  item (brackets M B d (tables_of B st) st r) i = bracket M B d st r (arrival r + i).
Proof.
  intros [some more _ _ _ _] arrives range. unfold brackets.
  set (waited := arrival r - first_round st).
  apply andb_prop in arrives as [begun _]. apply Z.leb_le in begun.
  set (p := (prompt_len r + B) / B). set (q := (prompt_len r + output_len r + B - 1) / B).
  set (n := S (Z.to_nat (rounds_of st + overtime st - waited))).
  match goal with |- item (fold_right _ ?costs _) _ = _ => set (tokens := costs) end.
  assert (long : length tokens = n) by apply length_token_costs.
  change (ramps (tables_of B st)) with (map ramp_of (shares st)).
  destruct (item_shares r waited tokens i (shares st)) as [_ ->]; auto; try (unfold waited; lia).
  { rewrite long. unfold n, waited, stop_of, rounds_of in *. lia. }
  assert (first_blocks : prompt_len r <= p * B).
  { pose proof (Z.div_mod (prompt_len r + B) B ltac:(lia)).
    pose proof (Z.mod_pos_bound (prompt_len r + B) B ltac:(lia)). unfold p. lia. }
  assert (last_blocks : p <= q) by (apply Z.div_le_mono; lia).
  assert (later_blocks : p * B <= q * B) by (apply Z.mul_le_mono_nonneg_r; lia).
  unfold tokens. rewrite item_token_costs by (unfold n, waited, stop_of, rounds_of in *; lia).
  cbn [onwards rising tables_of]. rewrite !item_drop by (unfold waited; lia).
  rewrite !flat_is, !stairs_is by (unfold waited; lia). unfold bracket, restrictions.
  cbn [sum weight prices_of]. rewrite sum_map. cbn [weight prices_of].
  replace (first_round st - (arrival r + i) + 1) with (1 - (waited + i)) by (unfold waited; lia).
  rewrite (tokens_telescope B r (token_prices st) (waited + i)) by (unfold waited; lia).
  fold p q.
  replace (waited + p * B - prompt_len r + i) with (waited + i + p * B - prompt_len r) by lia.
  replace (waited + q * B - prompt_len r + i) with (waited + i + q * B - prompt_len r) by lia.
  replace (waited + output_len r + i) with (waited + i + output_len r) by lia. lia.
Qed.

(* So the program finds the minimum. *)
Lemma smallest_bracket r : sane M B r -> inside st r = true ->
  smallest (brackets M B d (tables_of B st) st r) = cheapest_in M B d st r.
Proof.
  intros is_sane arrives. apply smallest_is.
  - unfold brackets. change (ramps (tables_of B st)) with (map ramp_of (shares st)).
    pose proof arrives as begun. apply andb_prop in begun as [begun _]. apply Z.leb_le in begun.
    match goal with |- length (fold_right (plus_share _ _ _ ?late _) ?costs _) = _ =>
      destruct (item_shares r late costs 0 (shares st)) as [-> _]; auto; try lia;
      [rewrite length_token_costs; lia|] end.
    rewrite length_token_costs. unfold stop_of. do 2 f_equal. lia.
  - intros i range. apply item_brackets; auto. pose proof (overtime_nonneg st).
    apply andb_prop in arrives as [_ arrives]. apply Z.ltb_lt in arrives. lia.
Qed.
End Stretch.

(* The parts of a request that its kind has. *)
Lemma one_kind_spec r q : one_kind r q = true <->
  prompt_len r = prompt_len q /\ output_len r = output_len q /\ arrival r = arrival q.
Proof. unfold one_kind. rewrite !andb_true_iff, !Z.eqb_eq. tauto. Qed.

(* One more request of a kind. *)
Lemma sum_one_more f r l : (forall q, one_kind q r = true -> f q = f r) ->
  sum (fun k => snd k * f (fst k)) (with_one_more r l) = f r + sum (fun k => snd k * f (fst k)) l.
Proof.
  intros same. induction l as [|[q n] l IH]; cbn [with_one_more sum fst snd]; [lia|].
  destruct (one_kind q r) eqn:kind_is; cbn [sum fst snd]; [rewrite (same q kind_is)|]; lia.
Qed.

(* Kind by kind or request by request, the sum is the same. *)
Lemma sum_kinds f requests : (forall q r, one_kind q r = true -> f q = f r) ->
  sum (fun k => snd k * f (fst k)) (kinds requests) = sum f requests.
Proof.
  intros same. unfold kinds. rewrite <- (Z.add_0_l (sum f requests)).
  change 0 with (sum (fun k => snd k * f (fst k)) (@nil (request * Z))).
  generalize (@nil (request * Z)).
  induction requests as [|r l IH]; intros counted; cbn [fold_left sum]; [lia|].
  rewrite IH, sum_one_more by auto. lia.
Qed.

(* Requests of one kind have the same brackets. *)
Lemma brackets_of_kind M B d T st q r : one_kind q r = true ->
  brackets M B d T st q = brackets M B d T st r.
Proof.
  rewrite one_kind_spec. destruct q, r. cbn. intros (-> & -> & ->). reflexivity.
Qed.

(* What the checker of certificates computes is the formula of Theorem C3, rounded up. *)
Theorem verify_is_certified M B d sts requests : sane_instance M B requests ->
  verify M B d sts requests =
  if well_formed d sts then Some (- (- certified M B d sts requests / d)) else None.
Proof.
  intros instance. unfold verify. destruct (well_formed d sts) eqn:ok; [|reflexivity].
  do 4 f_equal. unfold certified. f_equal. apply sum_ext. intros st here.
  unfold stretch_value, stretch_bound, with_tables. f_equal.
  rewrite (sum_kinds (fun r => smallest (brackets M B d (tables_of B st) st r)))
    by (intros q r kind_is; now rewrite (brackets_of_kind M B d _ st q r kind_is)).
  apply sum_ext. intros r there. apply filter_In in there as [there arrives].
  unfold well_formed in ok. rewrite !andb_true_iff, forallb_forall in ok. destruct ok as [_ ok].
  apply smallest_bracket; auto.
  - exact (Records.some_block _ _ _ instance).
  - pose proof (all_sane _ _ _ instance) as all. rewrite Forall_forall in all. auto.
Qed.

(* It is at most the cost of every valid schedule. *)
Theorem verify_sound M B d sts requests s b : sane_instance M B requests ->
  verify M B d sts requests = Some b -> valid M B requests s -> b <= total_latency s.
Proof.
  intros instance. rewrite (verify_is_certified M B d sts requests instance).
  destruct (well_formed d sts) eqn:ok; [|discriminate]. intros is_bound V. injection is_bound as <-.
  pose proof (Records.some_block _ _ _ instance) as block.
  destruct (vector_in_order M B block requests s instance V) as (v & <- & vector & <-).
  pose proof (certified_le_cost M B block d sts v ok vector) as low.
  unfold well_formed in ok. rewrite !andb_true_iff, Z.leb_le in ok. destruct ok as [[some _] _].
  enough (- cost_of v <= - certified M B d sts (map fst v) / d) by lia.
  apply Z.div_le_lower_bound; lia.
Qed.
