"""UCI Online Retail and Online Retail II, raw: `.csv`, `.csv.gz` or the `.xlsx` workbook.

One line of an invoice is one event: `purchase`, or `cancel` where the invoice number begins with
C or the quantity is negative. `value` is quantity × price, negative for what was given back.
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import polars as pl
from pydantic import field_validator

from penchant.config import Config
from penchant.data import columns as c
from penchant.data.sources import (
    Tables,
    delimited,
    first_line,
    header,
    missing,
    number,
    reading,
    require,
    sift,
)
from penchant.errors import MissingExtraError, ReadError
from penchant.types import QUIET, Progress, Report

STEP: Final = "online-retail"
FILES: Final = (".csv", ".csv.gz", ".xlsx")
NAMES: Final = {
    "invoiceno": "invoice",
    "invoice": "invoice",
    "stockcode": "code",
    "description": "description",
    "quantity": "quantity",
    "invoicedate": "date",
    "unitprice": "price",
    "price": "price",
    "customerid": "customer",
    "country": "country",
}
COLUMNS: Final = tuple(dict.fromkeys(NAMES.values()))
DATES: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%y %H:%M",
)
NOT_GOODS: Final = (
    "POST|D|M|DOT|BANK CHARGES|AMAZONFEE|C2|C3|CRUK|PADS|S|B|ADJUST2?|SP1002|TEST\\d*|"
    "GIFT.*|DCGS\\w*|DCGSSBOY|DCGSSGIRL"
)
JUNK: Final = (
    r"(?i)\?|\b(damage[sd]?|damges|check(ed)?|lost|missing|found|thrown|adjust\w*|wrong\w*|wrongly|"
    r"mouldy|smashed|broken|crushed|rusty|faulty|returned|sold as|dotcom\w*|ebay|amazon\w*|"
    r"destroyed|error|mix(ed)? ?up|mailout|counted|given away|entry|credit|samples?|unsaleable|"
    r"barcode|label mix|john lewis|fba|showroom|historic|incorrect\w*|test|stock|temp)\b"
)


class OnlineRetailConfig(Config):
    """How the invoices are read."""

    not_goods: str = NOT_GOODS
    """Stock codes that are postage, fees, discounts and the like (a regular expression)."""
    junk: str = JUNK
    """Descriptions that are notes about stock, not names, where they are not all in capitals."""
    sales_only: bool = True
    """Only items that a known customer bought or gave back are items; false: every stock code."""

    @field_validator("not_goods", "junk")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression ({error})") from None
        return pattern


class OnlineRetail:
    """The source `online-retail`: the file, or a folder with nothing but such files."""

    name = "online-retail"

    def __init__(self, config: OnlineRetailConfig | None = None) -> None:
        self.config = config or OnlineRetailConfig()

    def matches(self, path: Path) -> bool:
        """Whether a file has the invoice columns (a workbook: whether its name says so)."""
        return bool(_files(path))

    def read(self, path: Path, *, report: Report, progress: Progress = QUIET) -> Tables:
        """Read invoices into events and stock codes into items."""
        files = _files(path)
        if not files and path.is_file():
            require(header(path), ("InvoiceNo", "StockCode", "CustomerID"), path)
        if not files:
            raise ReadError(f"{path}: expected the Online Retail file (.csv, .csv.gz or .xlsx)")
        with progress.step("read online-retail", total=len(files)) as step:
            parts = []
            for file in files:
                parts.append(self._lines(file, report))
                step.advance(note=file.name)
        return self._tables(pl.concat(parts), files[0], report)

    def _lines(self, path: Path, report: Report) -> pl.DataFrame:
        """The invoice lines of one file about goods, whoever bought them [E]."""
        raw = _workbook(path, report) if path.suffix == ".xlsx" else _csv(path, report)
        customer = pl.col("customer").str.strip_chars().str.replace(r"\.0+$", "")
        table = raw.with_columns(
            pl.col("invoice", "code").str.strip_chars().str.replace(r"\.0$", ""),
            customer,
            pl.col("description").str.strip_chars().str.replace_all(r"\s+", " "),
            _date(),
            number("quantity"),
            number("price"),
        )
        not_goods = (
            pl.col("code").str.to_uppercase().str.contains(rf"^(?:{self.config.not_goods})$")
        )
        faults = {
            "without a stock code set aside": missing("code"),
            "postage, fees and other lines that are no goods set aside": not_goods,
            "without a readable time set aside": pl.col("date").is_null(),
            "without a readable quantity set aside": pl.col("quantity").is_null()
            | (pl.col("quantity") == 0),
            "without a readable price set aside": pl.col("price").is_null(),
        }
        return sift(table, faults, report, f"{STEP} {path.name}", path)

    def _tables(self, lines: pl.DataFrame, path: Path, report: Report) -> Tables:
        faults = {"without a customer set aside": missing("customer")}
        sold = sift(lines.lazy(), faults, report, STEP, path)
        codes = lines if not self.config.sales_only else lines.join(sold, on="code", how="semi")
        unsold = lines["code"].n_unique() - codes["code"].n_unique()
        report.add(STEP, "stock codes that no known customer bought, left out", unsold)
        return Tables(events=_events(sold), items=self._items(codes, sold, report))

    def _items(self, lines: pl.DataFrame, sold: pl.DataFrame, report: Report) -> pl.DataFrame:
        """One row a stock code: its usual name and the median of what known customers paid."""
        names = self._names(lines, report)
        paid = pl.col("price").filter(pl.col("price") > 0).median().alias(c.PRICE)
        prices = (
            pl.concat([sold, lines.join(sold, on="code", how="anti")]).group_by("code").agg(paid)
        )
        items = (
            lines.select("code")
            .unique(maintain_order=True)
            .join(names, on="code", how="left", maintain_order="left")
            .join(prices, on="code", how="left", maintain_order="left")
        )
        nameless = items.filter(pl.col(c.TITLE).is_null())["code"]
        what = "items without any usable description"
        report.add(
            STEP, what, len(nameless), total=items.height, examples=nameless.head(3).to_list()
        )
        return items.rename({"code": c.ITEM})

    def _names(self, lines: pl.DataFrame, report: Report) -> pl.DataFrame:
        """The most frequent description of each stock code that is a name and not a note."""
        told = lines.filter(~missing("description"))
        words = pl.col("description")
        shouted = words.str.count_matches(r"\p{Lu}") > words.str.count_matches(r"\p{Ll}")
        note = (
            ~words.str.contains(r"\p{L}{2}")
            | ~words.str.contains(r"\p{Lu}")
            | (~shouted & words.str.contains(self.config.junk))
            | words.str.contains(r"^[?\s]|\?\s*$")
        )
        notes = told.filter(note)["description"]
        some = notes.unique().sort().head(3)
        what = "descriptions that are notes, not names, ignored"
        report.add(STEP, what, len(notes), total=lines.height, examples=some.to_list())
        uses = (
            told.filter(~note)
            .group_by("code", "description")
            .len()
            .sort(["code", "len", "description"], descending=[False, True, False])
        )
        several = uses.group_by("code", maintain_order=True).len().filter(pl.col("len") > 1)
        what = "stock codes with several descriptions, the most frequent taken"
        report.add(STEP, what, several.height, examples=several["code"].head(3).to_list())
        return uses.group_by("code", maintain_order=True).agg(
            pl.col("description").first().alias(c.TITLE)
        )


def _events(sold: pl.DataFrame) -> pl.DataFrame:
    back = pl.col("invoice").str.starts_with("C") | (pl.col("quantity") < 0)
    return sold.select(
        pl.col("customer").alias(c.USER),
        pl.col("code").alias(c.ITEM),
        pl.col("date").alias(c.TIME),
        pl.when(back).then(pl.lit("cancel")).otherwise(pl.lit("purchase")).alias(c.EVENT),
        (pl.col("quantity") * pl.col("price")).round(2).alias(c.VALUE),
        pl.col("quantity").cast(pl.Int64),
        pl.col("invoice").alias(c.SESSION),
        pl.col("country"),
    )


def _date() -> pl.Expr:
    """Times as the known copies of the file write them, month before day; zone not told: UTC."""
    raw = pl.col("date").str.strip_chars()
    return pl.coalesce(
        raw.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in DATES
    ).alias("date")


# files


def _files(path: Path) -> list[Path]:
    """The invoice files meant: the file itself, or those in the folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.is_file() and _is_invoices(file)]


def _is_invoices(path: Path) -> bool:
    name = path.name.lower()
    if not name.endswith(FILES):
        return False
    if name.endswith(".xlsx"):
        return "retail" in name
    return first_line(path) != "" and set(COLUMNS) <= set(_renamed(header(path)))


def _renamed(names: list[str]) -> list[str]:
    """Both editions' column names as one; unknown ones stay."""
    return [NAMES.get(re.sub(r"[\s_]", "", name).lower(), name) for name in names]


def _csv(path: Path, report: Report) -> pl.LazyFrame:
    names = header(path)
    table = delimited(path, None, ",", report=report, step=f"{STEP} {path.name}", quotes=True)
    return table.rename(dict(zip(names, _renamed(names), strict=True)))


def _workbook(path: Path, report: Report) -> pl.LazyFrame:
    """All sheets of the workbook that have the invoice columns."""
    if find_spec("fastexcel") is None:
        raise MissingExtraError(
            f"{path}: reading .xlsx needs a package: pip install fastexcel "
            "(or save the sheets as .csv)"
        )
    with reading(path):
        sheets = pl.read_excel(path, sheet_id=0, infer_schema_length=0)
    tables = [
        sheet.rename(dict(zip(sheet.columns, _renamed(sheet.columns), strict=True)))
        for sheet in sheets.values()
    ]
    invoices = [sheet for sheet in tables if set(COLUMNS) <= set(sheet.columns)]
    report.add(STEP, "sheets without the invoice columns left out", len(tables) - len(invoices))
    if not invoices:
        raise ReadError(f"{path}: no sheet has the columns InvoiceNo, StockCode, CustomerID …")
    return pl.concat([sheet.select(COLUMNS).cast(pl.String) for sheet in invoices]).lazy()
