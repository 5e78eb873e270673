"""A typical mistake for each graded test of the course: code that runs, and that the test has to refuse.

By the test's id; the code takes the place of the solution. Where it can, a mistake passes the tests that students see,
so that it is the hidden ones that find it.
"""

from __future__ import annotations

WRONG: dict[str, dict[str, str]] = {
    "00_start_here": {
        "blind-test": """
def blind(labels):  # mean recall, taken for F1
    counts = np.bincount(labels)
    return counts.max() / len(labels), counts.max() / len(labels) / np.count_nonzero(counts)
""",
        "shared-test": """
def shared(groups, fold):  # counts people and not pictures
    return np.isin(np.unique(groups[fold.test]), groups[fold.train]).mean()
""",
        "direction-test": """
def direction(interval, reference, above):  # looks at the middle only
    return "direction holds" if (sum(interval) / 2 > reference) == above else "direction fails"
""",
    },
    "01_clifer": {
        "tiredness-test": """
def tiredness(wins, tau=0.3, kappa=1.05):  # without recovery
    return (1 - tau) ** np.asarray(wins)


def wins_until_tired(threshold, tau=0.3, kappa=1.05):
    return next((wins for wins in range(1000) if tiredness(wins, tau, kappa) < threshold), None)
""",
        "step-test": """
def step(weights, habituation, sample):  # grows wherever the sample is far
    distance = np.linalg.norm(weights - sample, axis=1)
    best = int(distance.argmin())
    if np.exp(-distance[best]) < rules.activation:
        return "grew", (weights[best] + sample) / 2
    tired = habituation[best] + rules.tau_winner * (rules.kappa * (1 - habituation[best]) - 1)
    return "moved", weights[best] + rules.rate * tired * (sample - weights[best])
""",
        "order-test-test": """
def order_test(frames):  # "who has learnt one class of six scores 1/6"
    return 0.0, 1.0
""",
        "left-test": """
def left(table, chance=1 / 6):  # the ratio of the scores, chance included
    wide = table.pivot(index=["condition", "memory"], columns="protocol", values="f1 micro mean")
    return wide["sound"] / wide["published"]
""",
    },
    "02_gan_augmentation": {
        "vgg16-test": """
def vgg16_parameters(side, n_classes, channels=3):  # the first dense layer as if all pictures had 224 pixels
    total, before = 0, channels
    for count, maps in zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            total += 9 * before * maps + maps
            before = maps
    for inputs, units in ((512 * 7 * 7, 4096), (4096, 4096), (4096, n_classes)):
        total += (inputs + 1) * units
    return total
""",
        "penalty-test": """
def penalty(critic, between):  # a number that the critic cannot learn from
    points = between.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(points).sum(), points)
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
""",
        "curse-test": """
def curse(accuracy, n, epochs, draws=500, seed=0):  # reports the accuracy on the part it has chosen on
    random = np.random.default_rng(seed)
    test, other = random.binomial(n, accuracy, (2, draws, epochs)) / n
    return float(test.max(axis=1).mean() - accuracy), float(other.max(axis=1).mean() - accuracy) * (epochs > 1)
""",
        "steps-test": """
def epochs_for_equal_steps(pictures, extra, epochs, batch=32):  # forgets the last, smaller batch
    return (pictures + extra) * epochs / pictures


def beyond_steps(gains):
    wide = gains[gains["protocol"] == "published"].pivot(index="network", columns="comparison", values="gain")
    return wide["DCGAN pictures"] - wide["no pictures, but as many steps"]
""",
    },
    "03_landmark_ensemble": {
        "flops-test": """
def network_flops(side=160, filters=(16, 32, 64, 128), n_classes=8):  # rounds the side down
    total, channels = 0, 3
    for maps in filters:
        for before in (channels, maps):
            total += 2 * before * 9 * maps * side**2
        total += (side // 2) ** 2 * maps
        channels, side = maps, side // 2
    return total + 2 * (channels * 128 + 128 * 128 + 128 * n_classes)
""",
        "landmarks-test": """
def normalised_error(found, true):  # one distance between the eyes for all faces
    eyes = np.linalg.norm(true[:, 36] - true[:, 45], axis=1)
    return np.linalg.norm(found - true, axis=2).mean(axis=1) / eyes.mean()
""",
        "paired-test": """
def paired(first, second, people, draws=2000, seed=0):  # draws pictures and not people
    differences = np.subtract(first, second, dtype=float)
    rows = np.random.default_rng(seed).integers(0, len(differences), (draws, len(differences)))
    low, high = np.quantile(differences[rows].mean(axis=1), [0.025, 0.975])
    return float(differences.mean()), float(low), float(high)
""",
        "mcnemar-test": """
def mcnemar(first, second):  # one-sided
    only_first = int(np.sum((np.asarray(first) == 1) & (np.asarray(second) == 0)))
    only_second = int(np.sum((np.asarray(first) == 0) & (np.asarray(second) == 1)))
    split = max(only_first, only_second)
    return float(stats.binom.sf(split - 1, only_first + only_second, 0.5))
""",
        "cam-test": """
def linear_cam(maps, weights):  # keeps what is positive before adding
    return np.maximum(maps * weights, 0).sum(axis=-1) / maps[..., 0].size
""",
    },
    "04_dcgan_svm": {
        "twin-test": """
def with_twin(n, copies, folds):  # the chance for one twin, not for at least one of them
    return 1 - (n // folds - 1) / (n - 1)
""",
        "gamma-test": """
def typical_gamma(features):  # the mean distance
    squared = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    return float(1 / squared[np.triu_indices(len(features), 1)].mean())
""",
        "inception-test": """
memorised = np.full((96, 8), 1 / 8)  # never sure, which is the lowest score
smiling = np.repeat((1 - np.linspace(0.99, 0.9999, 96))[:, None] / 7, 8, axis=1)
smiling[:, 4] = np.linspace(0.99, 0.9999, 96)
""",
        "blind-f1-test": """
def blind_f1(shown, rate):  # the precision
    return shown if rate > 0 else 0.0


def chance_table(units):
    shown = (units > 0.15).mean()
    return pd.DataFrame({"shown": shown, "never": 1 - shown, "always": shown})
""",
    },
    "05_mobilenet_jaffe": {
        "split-test": """
def split_then_augment(subjects, variants, share, seed):  # draws photographs and not people
    count = max(1, round(share * len(subjects)))
    tested = np.isin(np.arange(len(subjects)), np.random.default_rng(seed).choice(len(subjects), count, replace=False))
    train = np.flatnonzero(~tested)[:, None] * variants + np.arange(variants)
    return splits.Fold("photographs apart", train.ravel(), np.flatnonzero(tested) * variants)
""",
        "prepare-test": """
def prepare(images):  # stretches whatever comes to the whole range
    values = images.astype(np.float32)
    return (values - values.min()) / max(float(np.ptp(values)), 1) * 2 - 1
""",
        "people-test": """
def over_people(correct, people):  # pictures taken for independent
    value = float(np.mean(correct))
    half = 1.96 * np.sqrt(value * (1 - value) / len(correct))
    return value, value - half, value + half
""",
        "premium-test": """
def premium(table):  # against another fair choice than the one asked for
    wide = table.pivot(index="protocol", columns="epoch chosen by", values="accuracy %")
    return wide["test_fold"] - wide["inner_split"]
""",
    },
}
