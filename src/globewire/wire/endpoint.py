"""The names under which the API is called: the product's own hosts, and those of a server that listens here."""

SERVICE = (
    "dysmsapi.aliyuncs.com",
    "dysmsapi.ap-southeast-1.aliyuncs.com",
    "dysmsapi.ap-southeast-5.aliyuncs.com",
    "dysmsapi.eu-central-1.aliyuncs.com",
    "dysmsapi.us-east-1.aliyuncs.com",
    "dysmsapi-proxy.cn-beijing.aliyuncs.com",
    "dysmsapi-xman.cn-hongkong.aliyuncs.com",
)
"""The hosts that the SDKs choose from by region, where no endpoint is given to them."""


def hosts(address: str, port: int) -> tuple[str, ...]:
    """What a client of the server at this address may have taken for its Host, the likelier first."""
    own = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return tuple(dict.fromkeys((own, f"localhost:{port}", f"127.0.0.1:{port}", *SERVICE)))
