import pytest
import torch

from genart_core.arts.text.model import Config, LanguageModel, Noise


def test_tied_network_has_one_matrix_for_both_ends() -> None:
    network = LanguageModel(Config(50, 32, 32, 2, tied=True))

    assert network.output_weight is network.embedding.weight
    assert sum(p.shape == (50, 32) for p in network.parameters()) == 1


def test_tied_embedding_must_be_as_wide_as_the_layers() -> None:
    with pytest.raises(ValueError, match="as wide as"):
        Config(50, 16, 32, tied=True)


def test_weights_come_from_the_given_generator_alone() -> None:
    torch.manual_seed(1)
    first = LanguageModel(Config(10, 8, 16), torch.Generator().manual_seed(5))
    torch.manual_seed(2)
    second = LanguageModel(Config(10, 8, 16), torch.Generator().manual_seed(5))

    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )


def test_no_noise_is_the_plain_network() -> None:
    network = LanguageModel(Config(10, 8, 16))
    ids = torch.randint(10, (5, 2), generator=torch.Generator())

    with torch.no_grad():
        plain, _ = network(ids)
        noisy, _ = network(ids, noise=Noise(0.0, 0.0, torch.Generator()))

    assert torch.allclose(plain, noisy, atol=1e-6)


def test_dropout_takes_the_same_features_at_all_steps() -> None:
    noise = Noise(0.5, 0.0, torch.Generator().manual_seed(0))

    dropped = noise.drop(torch.ones(6, 3, 40))

    assert torch.equal(dropped, dropped[:1].expand_as(dropped))
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
