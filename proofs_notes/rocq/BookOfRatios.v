(* The theorem book on ratios: what a policy costs at most, or at least, in multiples of what a
   valid schedule costs. Statements only, in the book's words: each proof is one `exact`. *)
From Coq Require Import ZArith QArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Certificate Starts Optimum Hindsight.
From AminRef Require Import Ratio RatioHindsight FamilyStarts Family FamilyPlaced FamilyInstance.
From AminRef Require Import FamilyRatio Doubling DoublingFits SmallInstances.
From AminRef Require Import AmaxFamily AmaxBatches SvfRatio Layers AmaxRatio AmaxGrowth AmaxLimit.
Import ListNotations.
Open Scope Z_scope.

(* The volume bound (V): all requests arrive in round 0. If `ascending` has them in ascending order
   of volume, then every valid schedule costs at least the sum of all outputs, and M times its cost
   is at least the sum of V_(1), V_(2), ...
   Text of the book: c40a32be. *)
Theorem volume_bound M B requests s ascending : sane_instance M B requests ->
  at_once requests -> valid M B requests s -> Permutation ascending requests ->
  StronglySorted (fun a b => volume_of B a <= volume_of B b) ascending ->
  sum output_len requests <= total_latency s /\
  sum_of_totals (volume_of B) 0 ascending <= M * total_latency s.
Proof. exact (fun instance => Ratio.volume_bound M B requests instance s ascending). Qed.

(* T18 with 11 in place of 9.63: for equal prompts at once, H-SF costs at most 11 times what any
   valid schedule costs.
   Text of the book: c40a32be. *)
Theorem T18 M prompt requests fuel l s : sane_instance M 1 requests ->
  at_once requests -> Forall (fun r => prompt_len r = prompt) requests ->
  simulate (h_sf M 1) fuel requests = Some l -> valid M 1 requests s ->
  total_latency l <= 11 * total_latency s.
Proof. exact (hindsight_ratio M prompt requests fuel l s). Qed.

(* T19: with equal prompts at once, doubling budgets end, complete every request once and hold at
   most M in each round, whatever the order `earlier` of the requests in a phase, and cost at most
   143 / 3 times what any valid schedule costs. l is a lower bound of all outputs; nothing else is
   known of them.
   Text of the book: 0fe20f30. *)
Theorem T19 M prompt l earlier requests : sane_instance M 1 requests -> at_once requests ->
  Forall (fun r => prompt_len r = prompt) requests ->
  1 <= l -> Forall (fun r => l <= output_len r) requests ->
  (exists fuel schedule, simulate (doubling M 1 l earlier) fuel requests = Some schedule) /\
  forall fuel schedule, simulate (doubling M 1 l earlier) fuel requests = Some schedule ->
    Permutation (map of (filter completed schedule)) requests /\
    (forall t, occupancy 1 schedule t <= M) /\
    forall s, valid M 1 requests s -> 3 * total_latency schedule <= 143 * total_latency s.
Proof. exact (doubling_budgets M prompt l earlier requests). Qed.

(* T13 (a): let U >= 1, M = U + 1, k = floor ((U + 1) / 2), and let there be k * k requests with
   s = o = l = 1 and u = U, all in round 0, with any ranks. Then OPT is k * k * (k + 1) / 2, Amax's
   cost is (k * k + 1) / (k + 1) times OPT, which is more than U / 2 - 1 = 1 / (2 alpha) - 1 times
   OPT, and Amin's cost is OPT.
   Text of the book: b21a5e49. *)
Theorem T13_a u : 1 <= u -> let k := (u + 1) / 2 in
  (exists requests, sane_instance (u + 1) 1 requests /\ Forall (one_token u) requests /\
    Z.of_nat (length requests) = k * k) /\
  forall requests, sane_instance (u + 1) 1 requests -> Forall (one_token u) requests ->
  Z.of_nat (length requests) = k * k ->
  exists n, optimum (u + 1) 1 requests n /\ 2 * n = k * k * (k + 1) /\
    (forall fuel l, simulate (amax (u + 1) 1) fuel requests = Some l ->
      (k + 1) * total_latency l = (k * k + 1) * n /\ (u - 2) * n < 2 * total_latency l) /\
    (forall fuel l, simulate (amin (u + 1) 1) fuel requests = Some l -> total_latency l = n).
Proof. exact (amax_family u). Qed.

(* T12 for at most four requests, u <= 3 and s <= 2, with 17 / 9 in place of
   33 / 10 + 9 / 10 * ln (1 / alpha), which is more: for all outputs in [l, u], in the order of the
   tie-break's ranks, and each M from s + u to 4 * (s + u).
   Text of the book: 7830c6d1. *)
Theorem T12 s l u M outputs made best : 1 <= s <= 2 -> 1 <= l <= u -> u <= 3 ->
  s + u <= M <= 4 * (s + u) -> (length outputs <= 4)%nat -> Forall (fun o => l <= o <= u) outputs ->
  amin_schedule M 1 (uniform s l u 0 outputs) made -> valid M 1 (uniform s l u 0 outputs) best ->
  9 * total_latency made <= 17 * total_latency best.
Proof. exact (small_ratio s l u M outputs made best). Qed.

(* T13 (b): on every uniform instance, with k = floor (M / (s + u)) >= 1 and whatever the ranks,
   Amax costs at most 1 + (M / k) * mu times what any valid schedule costs, and
   M < (k + 1)(s + u). The real number mu is where `left_side`, which falls, meets `right_side`,
   which rises. So a rational m > 0 is mu or more exactly if left_side m <= right_side m. The
   theorem has each such m in place of mu, and they come as near to mu as one likes.
   Text of the book: b21a5e49. *)
Theorem T13_b M s l u m requests fuel made best : 1 <= s -> 1 <= l <= u -> s + u <= M ->
  sane_instance M 1 requests -> Forall (of_uniform s l u) requests ->
  (0 < m)%Q -> (left_side s l u m <= right_side s l m)%Q ->
  simulate (amax M 1) fuel requests = Some made -> valid M 1 requests best ->
  let k := M / (s + u) in (1 <= k /\ k * (s + u) <= M < (k + 1) * (s + u)) /\
  (inject_Z (total_latency made) <=
    (1 + inject_Z M / inject_Z k * m) * inject_Z (total_latency best))%Q.
Proof. exact (uniform_ratio M s l u m requests fuel made best). Qed.

(* T13 (c), what Amax costs: M = (k + 1)(s + u) - L, all prompts are s, all requests arrive in round
   0, and in the order of rank they are batches of k requests, those of batch i of length x_i with
   1 <= x_i <= L <= u. Amax runs one batch after the other and costs the sum over i of
   k * (x_1 + ... + x_i).
   Text of the book: b21a5e49. *)
Theorem T13_c s u L k requests x fuel l : 1 <= s -> 1 <= L <= u -> 1 <= k ->
  sane_instance (batch_cache s u L k) 1 requests ->
  Forall (fun r => prompt_len r = s /\ upper r = Some u /\ arrival r = 0) requests ->
  StronglySorted (fun r q => rank_of r <= rank_of q) requests ->
  Forall (fun x_i => 1 <= x_i <= L) x -> map output_len requests = flat_map (many k) x ->
  simulate (amax (batch_cache s u L k) 1) fuel requests = Some l ->
  total_latency l = k * sum_of_totals (fun x_i => x_i) 0 x.
Proof.
  exact (fun prompt long room instance uniform =>
    amax_batches s u L k prompt long room requests instance uniform x fuel l).
Qed.

(* T13 (c), the ratio: for l <= L <= u, every eps > 0 and every rational m up to mu (s, l, L), on
   some uniform instance with M = (k + 1)(s + u) - L Amax costs at least
   (1 - eps) * ((k + 1)(s + u) - s - 2 L) / k * m times what some valid schedule costs. As m may be
   as near to mu as one likes, this is (c). That m is at most mu is right_side m <= left_side m.
   Text of the book: b21a5e49. *)
Theorem T13_c_ratio s l L u k m eps : 1 <= s -> 1 <= l <= L /\ L <= u -> 1 <= k ->
  (0 < m)%Q -> (right_side s l m <= left_side s l L m)%Q -> (0 < eps)%Q ->
  let M := batch_cache s u L k in let c := (k + 1) * (s + u) - s - 2 * L in
  exists requests best, requests <> [] /\ sane_instance M 1 requests /\
    Forall (of_uniform s l u) requests /\ valid M 1 requests best /\
    forall fuel made, simulate (amax M 1) fuel requests = Some made ->
      ((1 - eps) * (inject_Z c / inject_Z k) * m * inject_Z (total_latency best)
        <= inject_Z (total_latency made))%Q.
Proof. exact (amax_limit s l L u k m eps). Qed.

(* T13 (c), its limit for L = u and k to infinity: on some uniform instance Amax costs at least
   (1 - eps) * (s + u) * m times what some valid schedule costs, for every eps > 0 and every
   rational m up to mu.
   Text of the book: b21a5e49. *)
Theorem T13_c_limit s l u m eps : 1 <= s -> 1 <= l <= u ->
  (0 < m)%Q -> (right_side s l m <= left_side s l u m)%Q -> (0 < eps <= 1)%Q ->
  exists M requests best, s + u <= M /\ requests <> [] /\ sane_instance M 1 requests /\
    Forall (of_uniform s l u) requests /\ valid M 1 requests best /\
    forall fuel made, simulate (amax M 1) fuel requests = Some made ->
      ((1 - eps) * (inject_Z (s + u) * m) * inject_Z (total_latency best)
        <= inject_Z (total_latency made))%Q.
Proof. exact (amax_limit_root s l u m eps). Qed.

(* T13 (d) without real numbers: let Lambda = 1 / (l + 1) + ... + 1 / u, which is at most
   ln (1 / alpha), and Lambda' = 1 / (6 l) + ... + 1 / (u + 5 l - 1), which is at least
   ln (1 / (6 alpha)). Let z be (s + u) * m * alpha, `scaled`. For every rational m up to mu, z is
   at most 2 + root (2 Lambda). For s <= l, m is at most mu if z is at most root (Lambda' / 2). If
   u / l is at most 2 ^ j, Lambda is at most j; if it is at least 6 * 2 ^ j - 5, Lambda' is at least
   j / 2.
   Text of the book: b21a5e49. *)
Theorem T13_d s l u : 1 <= s -> 1 <= l <= u ->
  let Lambda := harmonic (l + 1) (u + 1) in let Lambda' := harmonic (6 * l) (u + 5 * l) in
  (forall m, (0 < m)%Q -> (right_side s l m <= left_side s l u m)%Q ->
    let z := scaled s l u m in (z <= 2 \/ (z - 2) * (z - 2) <= 2 * Lambda)%Q) /\
  (forall m, s <= l -> (0 < m)%Q -> let z := scaled s l u m in (2 * (z * z) <= Lambda')%Q ->
    (right_side s l m <= left_side s l u m)%Q) /\
  (forall j, (u <= l * 2 ^ Z.of_nat j -> (Lambda <= inject_Z (Z.of_nat j))%Q) /\
    (6 * l * 2 ^ Z.of_nat j <= u + 5 * l -> (inject_Z (Z.of_nat j) <= 2 * Lambda')%Q)).
Proof. exact (root_grows s l u). Qed.

(* T13 (d), what follows for Amax: for every rational z above 2 + root (2 Lambda), Amax costs at
   most 1 + 2 z / alpha times what any valid schedule costs. For s <= l, every rational z up to
   root (Lambda' / 2) and every eps > 0, on some uniform instance Amax costs at least
   (1 - eps) * z / alpha times what some valid schedule costs.
   Text of the book: b21a5e49. *)
Theorem T13_d_ratio s l u z : 1 <= s -> 1 <= l <= u ->
  ((2 < z)%Q -> (2 * harmonic (l + 1) (u + 1) < (z - 2) * (z - 2))%Q ->
    forall M requests fuel made best, s + u <= M -> sane_instance M 1 requests ->
    Forall (of_uniform s l u) requests ->
    simulate (amax M 1) fuel requests = Some made -> valid M 1 requests best ->
    (inject_Z (total_latency made) <=
      (1 + 2 * z * (inject_Z u / inject_Z l)) * inject_Z (total_latency best))%Q) /\
  (s <= l -> (0 < z)%Q -> (2 * (z * z) <= harmonic (6 * l) (u + 5 * l))%Q ->
    forall eps, (0 < eps <= 1)%Q ->
    exists M requests best, s + u <= M /\ requests <> [] /\ sane_instance M 1 requests /\
      Forall (of_uniform s l u) requests /\ valid M 1 requests best /\
      forall fuel made, simulate (amax M 1) fuel requests = Some made ->
        ((1 - eps) * (z * (inject_Z u / inject_Z l)) * inject_Z (total_latency best)
          <= inject_Z (total_latency made))%Q).
Proof. exact (growth s l u z). Qed.

(* T13, twelve requests with s = l = 1, u = 12, k = 1 and L = 4, of the family of (c): Amax costs
   167, and some valid schedule costs 21, so the ratio is at least 167 / 21 = 7.95.
   Text of the book: b21a5e49. *)
Theorem T13_instance : (exists best, valid (batch_cache 1 12 4 1) 1 twelve best /\
    total_latency best = 21) /\
  forall fuel l, simulate (amax (batch_cache 1 12 4 1) 1) fuel twelve = Some l ->
    total_latency l = 167.
Proof. exact (twelve_costs). Qed.

(* T15, the starts of A1: on the instance of A1 with s, u, c, K and m, up to round
   u + floor (K / c), Amin has started exactly the requests that the book names, each in the round
   that it names, and has evicted none: in round 0 those of block 0, in round t from 1 to u - 1
   c requests of length u and f_t of length 1, and in each round from u on c of the K. (`placement`
   has these rounds.)
   Text of the book: 5de70952. *)
Theorem T15_starts s u c K m st : 1 <= s -> 2 <= u -> 1 <= c -> 0 <= K -> 0 <= m ->
  reaches (cache s u c) 1 (family s u c K m) st -> now st <= horizon u c K ->
  Permutation (runs_so_far st)
    (map (run_by (now st)) (filter (started (now st)) (placement s u c K m))) /\
  Forall (fun x => completed x = true) (log st).
Proof.
  exact (fun prompt two room long short =>
    amin_as_placed s u c K m prompt two room long short st).
Qed.

(* T15, the instance of A1 with s = l = c = 1, u = 18, K = 50 and m = 486, on which the inequality
   of T12 is false: Amin costs more than 6.12 times as much as some valid schedule.
   Text of the book: 5de70952. *)
Theorem T15_instance l : amin_schedule (cache 1 18 1) 1 (family 1 18 1 50 486) l ->
  exists best, valid (cache 1 18 1) 1 (family 1 18 1 50 486) best /\
    612 * total_latency best < 100 * total_latency l.
Proof. exact (counterexample_ratio l). Qed.

(* T15, A1 for s = l = 1 and every u: on some instance of A1 with s = 1 and c = 2, whatever schedule
   Amin makes costs more than u / 2 = 1 / (2 alpha) times as much as some valid schedule.
   Text of the book: 5de70952. *)
Theorem T15_ratio u : 2 <= u -> exists K m, 0 <= K /\ 0 <= m /\
  exists best, valid (cache 1 u 2) 1 (family 1 u 2 K m) best /\
    forall l, amin_schedule (cache 1 u 2) 1 (family 1 u 2 K m) l ->
      u * total_latency best < 2 * total_latency l.
Proof. exact (family_half u). Qed.

(* T15, A1 in its exact form, for all s, u and c: with M = c * v(u) and N0 = floor (M / (s + 1)),
   whatever a / b is below the root of N0 / c, on some instance of A1 every schedule of Amin costs
   more than a / b times as much as some valid schedule.
   Text of the book: 5de70952. *)
Theorem T15_exact s u c a b : 1 <= s -> 2 <= u -> 1 <= c -> 1 <= a -> 1 <= b ->
  a * a * c < b * b * (cache s u c / (s + 1)) -> exists K m, 0 <= K /\ 0 <= m /\
  exists best, valid (cache s u c) 1 (family s u c K m) best /\
    forall l, amin_schedule (cache s u c) 1 (family s u c K m) l ->
      a * total_latency best < b * total_latency l.
Proof. exact (family_ratio s u c a b). Qed.

(* T15, A1 for all s and u: the same for whatever a / b is below the root of v(u) / v(1), on some
   instance with some c.
   Text of the book: 5de70952. *)
Theorem T15_root s u a b : 1 <= s -> 2 <= u -> 1 <= a -> 1 <= b ->
  a * a * vol s 1 < b * b * vol s u -> exists c K m, 1 <= c /\ 0 <= K /\ 0 <= m /\
  exists best, valid (cache s u c) 1 (family s u c K m) best /\
    forall l, amin_schedule (cache s u c) 1 (family s u c K m) l ->
      a * total_latency best < b * total_latency l.
Proof. exact (family_root s u a b). Qed.

(* T20, SVF: all requests arrive in round 0, and no peak occ (s_i + o_i) exceeds P < M. Then SVF
   costs at most 1 + 2 / (1 - P / M) = (3M - P) / (M - P) times what any valid schedule costs. In
   the order of SVF, which ascends by volume, request j starts by a round W_j with
   (M - P) * W_j <= the sum of P_i * o_i over the requests before it.
   Text of the book: 3e0c8594. *)
Theorem T20 M B P requests fuel l s : sane_instance M B requests -> at_once requests ->
  Forall (fun r => peak B r <= P) requests -> P < M ->
  simulate (svf M B) fuel requests = Some l -> valid M B requests s ->
  (exists ascending, Permutation ascending requests /\
    StronglySorted (fun r q => volume_of B r <= volume_of B q) ascending /\
    forall a r b x, ascending = a ++ r :: b -> In x l -> of x = r ->
      (M - P) * start x <= sum (peak_rounds B) a) /\
  (M - P) * total_latency l <= (3 * M - P) * total_latency s.
Proof.
  exact (fun instance zero peaks below =>
    svf_ratio M B P requests instance zero peaks below fuel l s).
Qed.
