"""Reading what Prometheus reads."""

from prometheus_client.parser import text_string_to_metric_families


def samples(text: bytes | str, name: str) -> dict[tuple[str, ...], float]:
    """The values of one metric by its label values, in the order in which it names them."""
    content = text.decode() if isinstance(text, bytes) else text
    return {
        tuple(sample.labels[label] for label in _in_order(sample.labels)): sample.value
        for family in text_string_to_metric_families(content)
        for sample in family.samples
        if sample.name == name
    }


def _in_order(labels: dict[str, str]) -> list[str]:
    order = ["method", "endpoint", "status", "le", "pid", "cache", "event"]
    return sorted(labels, key=order.index)
